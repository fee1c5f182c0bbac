### Die E-Mails, auf Deutsch.
###
### Jeder Satz steht im HTML und im reinen Text: Was dort eine Schaltfläche ist, ist hier eine Adresse auf eigener Zeile;
### darum sagt kein Satz "klicken Sie auf die Schaltfläche". Zeiten und Geräte nennen die Schlüssel der Seiten.
### Ein Abschnitt nennt seine Mails mit ihren Codes, wie in server/crates/core/src/kernel/mail.rs.
###
### Welche Teile eine E-Mail hat und wie sie heißen, steht im englischen Katalog.

## In jeder E-Mail

mail-greeting = Guten Tag,
mail-greeting-name = Guten Tag { $name },
mail-not-you = Falls Sie das nicht waren:
mail-all-well = Wenn Sie das waren, ist alles in Ordnung, und Sie brauchen nichts zu tun.
mail-button-fails = Falls die Schaltfläche nicht geht, öffnen Sie diese Adresse im Browser:
mail-asked = Angefordert am { $at }. Gerät: { $device }. IP-Adresse: { $ip }.
mail-questions = Fragen? Antworten Sie einfach auf diese E-Mail oder schreiben Sie uns:
mail-sent-by = { $product } hat diese E-Mail an { $recipient } gesendet.

## Was geschah, wo und wann

mail-when = Wann:
mail-device = Gerät:
mail-ip = IP-Adresse:
mail-new-address = Neue Adresse:
mail-email-taken-back-other-address = Frühere Adresse:
mail-deletion-scheduled-deadline = Wird gelöscht am:
mail-deletion-scheduled-when = Beauftragt am:

## Willkommen, und der Code und Link noch einmal (`welcome`, `verify_email`)

mail-code-subject = { $code } ist Ihr Code für { $product }
mail-code-preheader = { $code } ist Ihr Code. Er gilt { $life }.
mail-code = Ihr Code:
mail-verify-email-button = Adresse bestätigen
mail-verify-email-not-you = Vielleicht hat sich jemand bei der Adresse vertippt. Bitte bestätigen Sie sie nicht und geben Sie den Code nicht weiter. Mehr brauchen Sie nicht zu tun.

mail-welcome-subject = Willkommen bei { $product }: Bitte bestätigen Sie Ihre Adresse
mail-welcome-preheader = Ein kleiner Schritt fehlt noch: Bitte bestätigen Sie, dass diese Adresse Ihnen gehört.
mail-welcome-heading = Willkommen bei { $product }
mail-welcome-intro = Ihr Konto ist bereit. Ein kleiner Schritt fehlt noch: Bitte bestätigen Sie, dass diese Adresse Ihnen gehört.
mail-welcome-code = Geben Sie diesen Code auf der Seite ein, auf der Sie sich registriert haben. Er gilt { $code_life }.
mail-welcome-or-link = Oder bestätigen Sie Ihre Adresse gleich hier. Der Link gilt { $life }.
mail-welcome-link = Das geht gleich hier. Der Link gilt { $life }.

mail-verify-email-subject = Bitte bestätigen Sie Ihre Adresse für { $product }
mail-verify-email-preheader = Bitte bestätigen Sie, dass diese Adresse Ihnen gehört.
mail-verify-email-heading = Adresse bestätigen
mail-verify-email-code = Geben Sie diesen Code auf der Seite ein, die danach fragt: Damit bestätigen Sie, dass diese Adresse Ihnen gehört. Der Code gilt { $code_life }.
mail-verify-email-or-link = Oder bestätigen Sie Ihre Adresse gleich hier. Der Link gilt { $life }.
mail-verify-email-link = Bitte bestätigen Sie, dass diese Adresse Ihnen gehört. Der Link gilt { $life }.
mail-verify-email-after = Codes und Links aus früheren E-Mails gelten nicht mehr.

## Passwort zurücksetzen (`reset_password`)

mail-reset-password-subject = Passwort für { $product } zurücksetzen
mail-reset-password-preheader = Wählen Sie ein neues Passwort. Der Link gilt { $life } und nur einmal.
mail-reset-password-heading = Passwort zurücksetzen
mail-reset-password-intro = Sie möchten Ihr Passwort zurücksetzen. Hier können Sie ein neues wählen. Der Link gilt { $life } und nur einmal.
mail-reset-password-button = Neues Passwort wählen
mail-reset-password-after = Sobald das neue Passwort gilt, werden alle Geräte abgemeldet, und Links aus früheren E-Mails gelten nicht mehr.
mail-reset-password-not-you = Sie brauchen nichts zu tun. Ihr Passwort bleibt, wie es ist, und ohne diesen Link kann es niemand ändern. Bitte geben Sie ihn nicht weiter.

## Jemand verwendete eine Adresse, die ein Konto hat (`already_registered`)

mail-already-registered-subject = Sie haben schon ein Konto bei { $product }
mail-already-registered-preheader = Sie brauchen nichts einzurichten: Melden Sie sich einfach an.
mail-already-registered-heading = Sie haben schon ein Konto
mail-already-registered-intro = Jemand, vermutlich Sie selbst, wollte diese Adresse hier für ein Konto verwenden. Sie gehört schon zu Ihrem Konto, und Sie brauchen nichts einzurichten: Melden Sie sich einfach an.
mail-already-registered-after = Falls Sie Ihr Passwort vergessen haben, hilft Ihnen die Anmeldeseite, ein neues zu wählen.
mail-already-registered-not-you = Es wurde nichts geändert. Niemand kam in Ihr Konto, und niemand hat erfahren, dass Sie eines haben. Sie brauchen nichts zu tun.

## Der Weg zurück in die eigene Hand

mail-sessions = Hier sehen Sie, wo Ihr Konto angemeldet ist, und können das beenden:
mail-forgot-password-button = Neues Passwort festlegen
mail-login-button = Anmelden

## Passwort geändert (`password_changed`)

mail-password-changed-subject = Ihr Passwort für { $product } wurde geändert
mail-password-changed-preheader = Wenn Sie das waren, ist alles in Ordnung. Sonst legen Sie bitte sofort ein neues Passwort fest.
mail-password-changed-heading = Ihr Passwort wurde geändert
mail-password-changed-intro = Das Passwort Ihres Kontos wurde gerade geändert, und Ihre anderen Geräte wurden abgemeldet.
mail-password-changed-not-you = Jemand ist vielleicht in Ihr Konto gelangt. Bitte legen Sie sofort ein neues Passwort fest. Das meldet alle Geräte ab, auch fremde.

## Sitzung beendet (`session_ended`)

mail-session-ended-subject = { $product } hat eines Ihrer Geräte abgemeldet
mail-session-ended-preheader = Zur Sicherheit haben wir eine Sitzung beendet. Ihre anderen Geräte bleiben angemeldet.
mail-session-ended-heading = Wir haben eines Ihrer Geräte abgemeldet
mail-session-ended-intro = Einer Ihrer Anmeldeschlüssel wurde ein zweites Mal verwendet. Vielleicht hat ihn jemand kopiert; darum haben wir die Sitzung beendet, zu der er gehörte. Ihre anderen Geräte bleiben angemeldet.
mail-session-ended-where = Das zweite Mal kam von hier:
mail-session-ended-then = Wenn Sie dieses Gerät kennen, melden Sie sich dort einfach neu an.
mail-session-ended-not-you = Bitte legen Sie sofort ein neues Passwort fest. Das meldet alle Geräte ab, auch fremde.

## Neues Gerät (`new_device`)

mail-new-device-subject = Neue Anmeldung bei Ihrem Konto für { $product }
mail-new-device-preheader = Wenn Sie das waren, ist alles in Ordnung. Sonst legen Sie bitte sofort ein neues Passwort fest.
mail-new-device-heading = Neue Anmeldung bei Ihrem Konto
mail-new-device-intro = Jemand, vermutlich Sie selbst, hat sich in Ihrem Konto angemeldet, mit einem Gerät oder Browser, den wir noch nicht kannten.
mail-new-device-not-you = Jemand kennt Ihr Passwort. Bitte legen Sie sofort ein neues fest. Das meldet alle Geräte ab, auch fremde.

## Neue Adresse: an die neue (`confirm_new_email`)

mail-confirm-new-email-subject = Bestätigen Sie Ihre neue Adresse für { $product }
mail-confirm-new-email-preheader = Ihre Adresse ändert sich erst, wenn Sie sie bestätigen.
mail-confirm-new-email-heading = Neue Adresse bestätigen
mail-confirm-new-email-intro = Sie möchten diese Adresse ab jetzt für Ihr Konto verwenden. Bitte bestätigen Sie, dass sie Ihnen gehört. Der Link gilt { $life }.
mail-confirm-new-email-button = Neue Adresse bestätigen
mail-confirm-new-email-after = Bis zu Ihrer Bestätigung ändert sich nichts, und Sie melden sich mit Ihrer alten Adresse an.
mail-confirm-new-email-not-you = Vielleicht hat sich jemand bei der Adresse vertippt. Bitte bestätigen Sie sie nicht: Dann ändert sich nichts, und mehr brauchen Sie nicht zu tun.

## Neue Adresse: an die alte (`email_change_requested`, `email_changed`, `email_reverted`)

mail-email-change-requested-subject = Ihre Adresse für { $product } soll geändert werden
mail-email-change-requested-preheader = Noch ist nichts geändert. Falls Sie das nicht waren, legen Sie bitte sofort ein neues Passwort fest.
mail-email-change-requested-heading = Ihre Adresse soll geändert werden
mail-email-change-requested-intro = Jemand, vermutlich Sie selbst, möchte für Ihr Konto eine neue Adresse verwenden. Noch ist nichts geändert: Die neue Adresse muss erst bestätigt werden, und bis dahin melden Sie sich mit dieser an.
mail-email-change-requested-then = Wenn Sie das waren, öffnen Sie bitte die E-Mail, die wir an die neue Adresse geschickt haben. Hier brauchen Sie nichts zu tun.
mail-email-change-requested-not-you = Jemand ist vielleicht in Ihr Konto gelangt. Bitte legen Sie sofort ein neues Passwort fest. Das verhindert die Änderung und meldet alle Geräte ab, auch fremde.

mail-email-changed-subject = Ihre Adresse für { $product } wurde geändert
mail-email-changed-preheader = Falls Sie das nicht waren, können Sie es { $life } lang rückgängig machen.
mail-email-changed-heading = Ihre Adresse wurde geändert
mail-email-changed-intro = Ihr Konto hat eine neue Adresse. Ab jetzt melden Sie sich mit ihr an, und unsere E-Mails gehen dorthin.
mail-email-changed-not-you = Bitte machen Sie die Änderung rückgängig. Ihr Konto bekommt diese Adresse zurück, und alle Geräte werden abgemeldet, auch fremde. Der Link gilt { $life }, bis { $deadline }.
mail-email-changed-button = Änderung rückgängig machen

mail-email-reverted-subject = Ihre alte Adresse für { $product } gilt wieder
mail-email-reverted-preheader = Ein Schritt fehlt noch: Bitte legen Sie ein neues Passwort fest.
mail-email-reverted-heading = Ihre alte Adresse gilt wieder
mail-email-reverted-intro = Die Änderung Ihrer Adresse ist rückgängig gemacht. Ihr Konto gehört wieder zu dieser Adresse, und alle Geräte wurden abgemeldet, auch Ihre eigenen.
mail-email-reverted-then = Ein Schritt fehlt noch: Bitte legen Sie ein neues Passwort fest, denn vielleicht kennt jemand anders das alte.
mail-email-reverted-not-you = Vielleicht liest jemand anders Ihre E-Mails. Bitte ändern Sie zuerst das Passwort Ihres Postfachs und legen Sie dann hier ein neues fest.

## Änderung der Adresse rückgängig gemacht: an die verlassene (`email_taken_back`)

mail-email-taken-back-subject = Ihr Konto bei { $product } gehört nicht mehr zu dieser Adresse
mail-email-taken-back-preheader = Es gehört wieder zu seiner früheren Adresse. Falls Sie das nicht waren, handeln Sie bitte sofort.
mail-email-taken-back-heading = Ihr Konto gehört nicht mehr zu dieser Adresse
mail-email-taken-back-intro = Jemand hat den Link verwendet, den wir an die frühere Adresse Ihres Kontos geschickt hatten, und Ihr Konto gehört wieder zu ihr. Ihr Passwort gilt nicht mehr, alle Geräte wurden abgemeldet, und unsere E-Mails gehen ab jetzt an die frühere Adresse.
mail-email-taken-back-then = Wenn Sie das waren, ist alles in Ordnung. Bitte legen Sie mit der früheren Adresse ein neues Passwort fest.
mail-email-taken-back-not-you = Vielleicht liest jemand anders die E-Mails der früheren Adresse. Wenn Sie noch in dieses Postfach kommen, ändern Sie bitte zuerst dessen Passwort und legen Sie dann hier ein neues fest. Sonst schreiben Sie uns bitte sofort: { $support }
mail-email-taken-back-not-you-without-support = Vielleicht liest jemand anders die E-Mails der früheren Adresse. Wenn Sie noch in dieses Postfach kommen, ändern Sie bitte zuerst dessen Passwort und legen Sie dann hier ein neues fest. Sonst wenden Sie sich bitte sofort an die Betreiber von { $product }.

## Löschung des Kontos (`deletion_scheduled`, `deletion_cancelled`)

mail-deletion-scheduled-subject = Ihr Konto bei { $product } wird gelöscht
mail-deletion-scheduled-preheader = Sie können es sich noch anders überlegen, bis { $deadline }.
mail-deletion-scheduled-heading = Ihr Konto wird gelöscht
mail-deletion-scheduled-intro = Wie gewünscht wird Ihr Konto gelöscht, mit allem, was dazugehört. Es ist ab jetzt geschlossen, und Sie wurden überall abgemeldet.
mail-deletion-scheduled-then = Wenn Sie es sich anders überlegen, können Sie Ihr Konto bis dahin behalten. Danach ist es endgültig weg, und niemand kann es zurückholen.
mail-deletion-scheduled-button = Konto behalten
mail-deletion-scheduled-not-you = Bitte behalten Sie Ihr Konto gleich mit diesem Link und legen Sie dann ein neues Passwort fest: Jemand ist vielleicht hineingelangt.

mail-deletion-cancelled-subject = Ihr Konto bei { $product } bleibt bestehen
mail-deletion-cancelled-preheader = Es wird nicht gelöscht, und Sie können sich wieder anmelden.
mail-deletion-cancelled-heading = Ihr Konto bleibt bestehen
mail-deletion-cancelled-intro = Schön, dass Sie bleiben! Ihr Konto wird nicht gelöscht. Alles darin ist, wie es war, und Sie können sich wieder anmelden.
mail-deletion-cancelled-not-you = Vielleicht liest jemand anders Ihre E-Mails. Bitte ändern Sie das Passwort Ihres Postfachs und legen Sie dann hier ein neues fest: Die Anmeldeseite hilft Ihnen dabei.

## Herunterladen aller Daten (`data_exported`)

mail-data-exported-subject = Ihre Daten bei { $product } wurden heruntergeladen
mail-data-exported-preheader = Wenn Sie das waren, ist alles in Ordnung. Sonst legen Sie bitte sofort ein neues Passwort fest.
mail-data-exported-heading = Ihre Daten wurden heruntergeladen
mail-data-exported-intro = Jemand, vermutlich Sie selbst, hat alle Daten heruntergeladen, die wir über Sie speichern, und war dafür mit Ihrem Passwort in Ihrem Konto angemeldet.
mail-data-exported-not-you = Jemand kennt Ihr Passwort und hat jetzt Ihre Daten: Ihren Namen und Ihre Adressen, und wo und wann Sie sich angemeldet haben. Bitte legen Sie sofort ein neues Passwort fest. Das meldet alle Geräte ab, auch fremde.
