### The pages, in German.
###
### Keys say page and part: `sign-in-heading`. A text that stands in another one is a link of it, or a wait.

## Languages

# The language's own name, for who does not read the language of the page.
language-name = Deutsch

## The frame of every page

frame-skip = Zum Inhalt springen
frame-title-error = Fehler: { $title }
frame-account = Konto
frame-sign-out = Abmelden
frame-language = Sprache
frame-help = Brauchen Sie Hilfe?

## Fields

field-optional = (freiwillig)
# Said by screen readers before what is wrong with a field.
field-error = Fehler:
label-email = E-Mail-Adresse
label-password = Passwort
label-new-password = Neues Passwort
label-first-name = Vorname
label-last-name = Nachname
password-rule-length = Mindestens { $count } Zeichen.
password-rule-words = Einige Wörter ohne Zusammenhang sind leicht zu merken und schwer zu erraten.
# The button in a password field: what it shows, and what screen readers say.
password-show = Anzeigen
password-show-name = Passwort anzeigen
password-hide = Verbergen
password-hide-name = Passwort verbergen

## Signing in

sign-in-heading = Anmelden
sign-in-forgot = Passwort vergessen?
sign-in-remember = Auf diesem Gerät angemeldet bleiben
sign-in-button = Anmelden
sign-in-new = Neu hier? { $link }
sign-in-new-link = Konto anlegen

## Creating an account

register-heading = Konto anlegen
register-button = Konto anlegen
register-known = Sie haben schon ein Konto? { $link }
register-known-link = Anmelden
# After "This address already has an account."
register-taken = { $sign_in } oder { $reset }. Wenn Sie das Konto gelöscht haben, bekommen Sie beim Zurücksetzen des Passworts den Link, der es wiederherstellt.
register-taken-sign-in = Melden Sie sich an
register-taken-reset = setzen Sie Ihr Passwort zurück

## Getting back in

forgot-heading = Passwort vergessen?
forgot-intro = Nennen Sie uns Ihre Adresse. Wir schicken Ihnen einen Link, mit dem Sie ein neues Passwort festlegen.
forgot-again = Nach ein paar Minuten noch nichts da? Sehen Sie im Spam-Ordner nach oder fordern Sie die E-Mail noch einmal an.
forgot-button = Link schicken
forgot-button-again = Noch einmal schicken
forgot-back = Zurück zur Anmeldung
reset-heading = Neues Passwort festlegen
# Before an address.
reset-address = Sie setzen das Passwort von
reset-intro = Alle Ihre Geräte werden abgemeldet.
reset-button = Passwort festlegen
reset-no-link-heading = Passwort zurücksetzen
reset-no-link = Öffnen Sie den Link in der E-Mail, die wir Ihnen geschickt haben. Wenn Sie keine haben, fordern Sie hier eine an.
reset-no-link-button = Link schicken
reset-dead-heading = Dieser Link gilt nicht mehr
reset-dead = Er ist abgelaufen, wurde schon benutzt oder durch eine neuere E-Mail ersetzt.
# The address is masked: z***@example.org
reset-dead-known = Wir können einen neuen an { $email } schicken.
reset-dead-button = Neuen Link schicken
# The page of any mailed link.
link-again-heading = Öffnen Sie den Link noch einmal
link-again-text = Diese Seite war zu lange offen, oder ihre Adresse ist unvollständig. Öffnen Sie den Link in der E-Mail noch einmal. Es wurde nichts geändert.

## What went wrong with a form

error-fields = Bitte prüfen Sie Ihre Angaben:
error-credentials = E-Mail-Adresse oder Passwort ist falsch.
error-credentials-sign-in = E-Mail-Adresse oder Passwort ist falsch. Wenn Sie dieses Konto gelöscht haben, fordern Sie ein neues Passwort an: Sie bekommen den Link, der es wiederherstellt.
error-code-or-password = Der Code oder das Passwort ist falsch, oder der Code ist abgelaufen. Sie können stattdessen den Link in der E-Mail öffnen.
error-link-dead = Dieser Link ist abgelaufen, wurde aufgehoben oder ersetzt, oder er wurde schon benutzt.
error-other-account = Sie sind jetzt als { $email } angemeldet, und das Formular gehörte zu einem anderen Konto. Es wurde nichts geändert. Um dieses Konto zu ändern, senden Sie das Formular noch einmal.
error-no-cookies = Ihr Browser behält keine Cookies dieser Seite. Sie werden gebraucht, um Sie anzumelden und hier zu zeigen, was aus einem Formular wurde. Lassen Sie sie zu, und versuchen Sie es noch einmal.
error-session-gone = Diese Sitzung ist schon beendet.
error-limited = Zu viele Versuche. Versuchen Sie es in { $wait } noch einmal.
error-limited-sign-in = Zu viele Versuche. Versuchen Sie es in { $wait } noch einmal, oder { $link }.
error-limited-sign-in-link = setzen Sie Ihr Passwort zurück
error-overloaded = Gerade ist sehr viel los. Es wurde nichts geändert. Versuchen Sie es in { $wait } noch einmal.
error-unavailable = Wir erreichen unsere Datenbank gerade nicht. Versuchen Sie es gleich noch einmal.
error-internal = Bei uns ist etwas schiefgegangen. Versuchen Sie es gleich noch einmal.

# All waits come after "in".
wait-moment = einem Augenblick
wait-seconds =
    { $count ->
        [one] 1 Sekunde
       *[other] { $count } Sekunden
    }
wait-minutes =
    { $count ->
        [one] 1 Minute
       *[other] { $count } Minuten
    }

# How long a link, a code or a right lasts; in the accusative.
life-minutes =
    { $count ->
        [one] 1 Minute
       *[other] { $count } Minuten
    }
life-hours =
    { $count ->
        [one] 1 Stunde
       *[other] { $count } Stunden
    }
life-days =
    { $count ->
        [one] 1 Tag
       *[other] { $count } Tage
    }

## What is wrong with a field

field-required =
    { $field ->
        [email] Geben Sie Ihre E-Mail-Adresse ein.
        [password] Geben Sie ein Passwort ein.
        [new_password] Geben Sie ein Passwort ein.
        [current_password] Geben Sie Ihr aktuelles Passwort ein.
        [new_email] Geben Sie Ihre neue E-Mail-Adresse ein.
        [first_name] Geben Sie Ihren Vornamen ein.
        [last_name] Geben Sie Ihren Nachnamen ein.
        [code] Geben Sie den Code ein.
       *[other] Füllen Sie dieses Feld aus.
    }
field-invalid-email = Geben Sie eine E-Mail-Adresse wie name@example.com ein. Vor dem @ sind Umlaute und Akzente nicht möglich.
field-too-short = Nehmen Sie mindestens { $count } Zeichen.
field-too-long-name = Nehmen Sie höchstens { $count } Zeichen.
field-too-long =
    { $field ->
        [email] Ihre E-Mail-Adresse ist zu lang.
        [password] Das Passwort ist zu lang.
        [new_password] Das Passwort ist zu lang.
        [current_password] Ihr aktuelles Passwort ist zu lang.
        [new_email] Ihre neue E-Mail-Adresse ist zu lang.
        [code] Der Code ist zu lang.
       *[other] Das ist zu lang.
    }
field-too-weak = Dieses Passwort ist leicht zu erraten. Fügen Sie ein paar Wörter ohne Zusammenhang hinzu, und lassen Sie Ihren Namen und Ihre Adresse weg.
field-too-common = Dieses Passwort steht auf Listen gestohlener Passwörter. Nehmen Sie ein anderes.
field-invalid-characters =
    { $field ->
        [email] Ihre E-Mail-Adresse enthält Zeichen, die nicht erlaubt sind.
        [password] Das Passwort enthält Zeichen, die nicht erlaubt sind.
        [new_password] Das Passwort enthält Zeichen, die nicht erlaubt sind.
        [current_password] Ihr aktuelles Passwort enthält Zeichen, die nicht erlaubt sind.
        [new_email] Ihre neue E-Mail-Adresse enthält Zeichen, die nicht erlaubt sind.
        [first_name] Ihr Vorname enthält Zeichen, die nicht erlaubt sind.
        [last_name] Ihr Nachname enthält Zeichen, die nicht erlaubt sind.
        [code] Der Code enthält Zeichen, die nicht erlaubt sind.
       *[other] Hier sind Zeichen, die nicht erlaubt sind.
    }
field-taken = Zu dieser Adresse gibt es schon ein Konto.
field-unchanged = Diese Adresse hat Ihr Konto jetzt schon. Geben Sie eine andere ein.
field-incorrect =
    { $field ->
        [password] Ihr Passwort ist falsch.
        [current_password] Ihr aktuelles Passwort ist falsch.
       *[other] Das ist falsch.
    }
field-code-incorrect = Dieser Code ist falsch, schon benutzt oder abgelaufen. Sie können stattdessen den Link in der E-Mail öffnen.
field-invalid = Das geht hier nicht. Prüfen Sie es und versuchen Sie es noch einmal.

## Good news

notice-check-inbox = Sehen Sie in Ihr Postfach.
notice-registered = Wir haben Ihnen eine E-Mail mit einem Link und einem sechsstelligen Code geschickt.
notice-verification-sent = Wenn zu dieser Adresse ein Konto gehört, das noch nicht bestätigt ist, ist eine neue E-Mail unterwegs.
notice-email-verified = Ihre E-Mail-Adresse ist bestätigt.
notice-reset-sent = Wenn es zu dieser Adresse ein Konto gibt, ist eine E-Mail mit einem Link unterwegs. Der Link gilt { $life }.
notice-password-changed = Ihr Passwort wurde geändert.
notice-password-reset = Alle Geräte wurden abgemeldet. Melden Sie sich mit dem neuen Passwort an.
notice-other-devices = Alle Ihre anderen Geräte wurden abgemeldet.
notice-session-ended = Das Gerät wurde abgemeldet.
notice-other-sessions-ended = Ihre anderen Geräte wurden abgemeldet.
notice-signed-out = Sie sind abgemeldet.
notice-sign-in-again = Ihre Sitzung ist beendet.
notice-sign-in-again-text = Melden Sie sich an, um fortzufahren.
# Where somebody else, or nobody, is signed in.
notice-about = Es ging um das Konto { $email }.

## Pages that show nothing but an error

error-page-home = Zu Ihrem Konto
# For operators, who find the request in the log by it.
error-page-request = Anfrage { $id }
error-page-not-found = Seite nicht gefunden
error-page-not-found-text = Unter dieser Adresse gibt es keine Seite. Sie ist vielleicht umgezogen, oder der Link ist unvollständig.
error-page-busy = Gleich wieder da
error-page-busy-text = Wir können gerade nicht antworten. Es wurde nichts geändert. Versuchen Sie es in { $wait } noch einmal.
error-page-limited = Zu viele Anfragen
error-page-limited-text = Versuchen Sie es in { $wait } noch einmal.
error-page-forbidden = Nicht erlaubt
error-page-forbidden-text = Die Anfrage kam von einer anderen Website. Öffnen Sie die Seite hier und senden Sie das Formular noch einmal.
error-page-method = So geht es nicht
error-page-method-text = Öffnen Sie die Seite und benutzen Sie ihr Formular.
error-page-too-large = Zu viel auf einmal
error-page-too-large-text = Was Sie gesendet haben, ist größer, als wir annehmen.
error-page-unreadable = Das konnten wir nicht lesen
error-page-unreadable-text = Öffnen Sie die Seite und senden Sie ihr Formular noch einmal.
error-page-timeout = Das hat zu lange gedauert
error-page-timeout-text = Die Verbindung war zu langsam, oder wir waren es. Sehen Sie nach, ob es geklappt hat, und versuchen Sie es sonst noch einmal.
error-page-host = Falsche Adresse
error-page-host-text = Dieser Dienst antwortet nicht für diesen Rechnernamen.
error-page-internal = Etwas ist schiefgegangen
error-page-internal-text = Der Fehler liegt bei uns. Versuchen Sie es gleich noch einmal.

## What scripts add

# The bar beside a new password, for screen readers.
strength-name = Stärke des Passworts
strength-short = Zu kurz: Verwenden Sie mindestens { $count } Zeichen.
strength-weak = Leicht zu erraten: Fügen Sie einige Wörter ohne Zusammenhang hinzu, und lassen Sie Ihren Namen und Ihre Adresse weg.
strength-common = Steht auf Listen mit gestohlenen Passwörtern: Nehmen Sie ein anderes.
strength-good = Schwer zu erraten.
strength-strong = Sehr schwer zu erraten.
# In the place of the message with the waiting time, once it is over.
wait-over = Sie können es jetzt wieder versuchen.
copy-button = Kopieren
copy-done = Kopiert

## The account: times

# How browsers are asked to write times (BCP 47).
when-locale = de
when-just-now = gerade eben
when-minutes-ago = { $count ->
    [one] vor { $count } Minute
   *[other] vor { $count } Minuten
}
when-hours-ago = { $count ->
    [one] vor { $count } Stunde
   *[other] vor { $count } Stunden
}
when-days-ago = { $count ->
    [one] vor { $count } Tag
   *[other] vor { $count } Tagen
}
when-today = Heute
when-yesterday = Gestern
when-exact = { $date } um { $time } Uhr UTC
when-date = { $day }. { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }
when-weekday = { $weekday ->
    [1] Montag
    [2] Dienstag
    [3] Mittwoch
    [4] Donnerstag
    [5] Freitag
    [6] Samstag
   *[7] Sonntag
}, { $date }

## The account: devices

device-unknown = Unbekanntes Gerät
# After "mit" and "von".
device-unknown-in-sentence = einem unbekannten Gerät
device-program-on-system = { $system ->
    [iPhone] { $program } auf { $system }
    [iPad] { $program } auf { $system }
   *[other] { $program } unter { $system }
}
# Apps that do not say what they are called.
device-android-app = Android-App
device-apple-app = Apple-App

## The account: what all its pages share

account-nav-label = Seiten des Kontos
account-nav-overview = Überblick
account-nav-profile = Name
account-nav-email = E-Mail-Adresse
account-nav-password = Passwort
account-nav-sessions = Geräte
account-nav-activity = Verlauf
account-nav-delete = Konto löschen
account-current-password = Aktuelles Passwort
account-password-forgotten = Passwort vergessen?
account-signed-in-as = Sie sind angemeldet als
account-email-confirmed = Bestätigt
account-email-unconfirmed = Nicht bestätigt

## The account: overview

account-heading = Ihr Konto
account-hello = Guten Tag!
account-hello-name = Guten Tag { $name }!
account-checklist-heading = Ihre Sicherheit auf einen Blick
account-check-good = In Ordnung:
account-check-open = Zu tun:
account-check-email-good = Ihre E-Mail-Adresse ist bestätigt.
account-check-email-open = Ihre E-Mail-Adresse ist noch nicht bestätigt.
account-check-email-link = Jetzt bestätigen
account-check-failures-good = Keine fehlgeschlagenen Anmeldungen in den letzten sieben Tagen.
account-check-failures-open = { $count ->
    [one] { $count } fehlgeschlagene Anmeldung in den letzten sieben Tagen.
   *[other] { $count } fehlgeschlagene Anmeldungen in den letzten sieben Tagen.
}
account-check-failures-link = Waren Sie das?
account-check-sessions-none = Sie sind nur auf diesem Gerät angemeldet.
account-check-sessions = { $count ->
    [one] Sie sind auf { $count } weiteren Gerät angemeldet.
   *[other] Sie sind auf { $count } weiteren Geräten angemeldet.
}
account-check-sessions-link = Geräte ansehen
account-check-unused = { $count ->
    [one] { $count } Gerät wurde seit zwei Wochen nicht benutzt.
   *[other] { $count } Geräte wurden seit zwei Wochen nicht benutzt.
}
account-check-unused-link = Geräte ansehen
account-check-password = Ein langes Passwort, das Sie sonst nirgends benutzen, schützt Sie am besten.
account-check-password-link = Passwort ändern

## The account: name

account-profile-heading = Ihr Name
account-profile-text = So sprechen wir Sie hier und in E-Mails an. Lassen Sie ein Feld leer, und wir vergessen den Namen.
account-profile-save = Speichern

## The account: password

account-password-heading = Passwort ändern
account-password-text = Ihre anderen Geräte werden abgemeldet. Dieses bleibt angemeldet.
account-password-save = Passwort ändern

## The account: email address

account-email-heading = Ihre E-Mail-Adresse
account-email-current = Aktuelle Adresse
account-email-verify-link = Diese Adresse bestätigen
account-email-pending-heading = Eine Änderung steht aus
account-email-pending-address = Neue Adresse
account-email-pending-since = Angefordert
account-email-pending-text = Wenn die neue Adresse benutzt werden kann, haben wir eine E-Mail mit einem Link dorthin geschickt. Der Link gilt bis zum { $until }. Bis er geöffnet wird, ändert sich nichts.
account-email-pending-old = Auch Ihre aktuelle Adresse wird benachrichtigt, außer sie hat in letzter Zeit schon mehrere solche E-Mails bekommen.
account-email-pending-cancel = Änderung abbrechen
account-email-change-heading = Adresse ändern
account-email-change-text = Wir schicken einen Link an die neue Adresse; bis Sie ihn öffnen, bleibt alles, wie es ist. Auch die aktuelle Adresse wird benachrichtigt.
# Only where the current address is confirmed.
account-email-change-back = Von dort lässt sich die Änderung { $life } lang zurücknehmen.
account-email-new = Neue E-Mail-Adresse
account-email-change-button = Link schicken

## The account: devices that are signed in

account-sessions-heading = Wo Sie angemeldet sind
account-sessions-text = Melden Sie ab, was Sie nicht mehr benutzen oder nicht erkennen.
account-sessions-none = Sie sind sonst nirgends angemeldet.
account-sessions-end-others = Überall sonst abmelden
account-sessions-truth = { $minutes ->
    [one] Andere Anwendungen können noch bis zu { $minutes } Minute lang Zugriff haben.
   *[other] Andere Anwendungen können noch bis zu { $minutes } Minuten lang Zugriff haben.
}
account-session-this = Dieses Gerät
account-session-browser = Browser
account-session-app = App
account-session-active = Zuletzt aktiv:
account-session-began = Angemeldet:
account-session-by-password = mit Passwort
account-session-by-registration = beim Anlegen des Kontos
account-session-end = Abmelden
# Said by screen readers after "Sign out".
account-session-of-this = – dieses Gerät
account-session-of = – { $device }

## The account: activity

account-activity-heading = Sicherheitsverlauf
account-activity-filters = Anzeigen
account-activity-all = Alles
account-activity-sign-ins = Anmeldungen
account-activity-changes = Änderungen
account-activity-failed = Fehlgeschlagen
account-activity-none = Hier steht nichts. Das ist ein gutes Zeichen.
account-activity-no-more = Ältere Einträge gibt es nicht.
account-activity-older = Ältere Einträge
account-activity-zone = Alle Zeiten in UTC.
account-activity-not-me = Das war ich nicht
account-activity-badge-failed = Fehlgeschlagen
account-not-me-heading = Etwas davon waren nicht Sie?
account-not-me-text = Tun Sie jetzt Folgendes, in dieser Reihenfolge. Es sperrt aus, wer sonst noch in Ihrem Konto ist.
account-not-me-password = Ändern Sie Ihr Passwort.
account-not-me-password-text = Das meldet alle anderen Geräte sofort ab.
account-not-me-email = Prüfen Sie Ihre E-Mail-Adresse.
account-not-me-email-text = Eine Änderung, die noch aussteht, können Sie dort abbrechen. Gilt schon eine und war die frühere Adresse bestätigt, haben wir eine E-Mail dorthin geschickt: Ihr Link nimmt die Änderung { $life } lang zurück.
account-not-me-reset-text = Ihr Passwort gilt nicht mehr?
account-not-me-reset = Setzen Sie es per E-Mail zurück
account-data-heading = Ihre Daten
account-data-kept = Alte Einträge werden nach einer Weile gelöscht, und alle zusammen mit dem Konto.
account-data-text = Sie können alles, was wir über Sie wissen, als JSON-Datei herunterladen. Vielleicht fragen wir vorher nach Ihrem Passwort.
account-data-download = Daten herunterladen
account-data-delete = Konto löschen

## The account: what happened

event-user-registered = Konto angelegt mit { $device }
event-login-success = Angemeldet mit { $device }
event-login-failure = Anmeldung mit falschem Passwort, von { $device }
event-login-limited = Anmeldung nach zu vielen Versuchen abgelehnt, von { $device }
event-refresh-token-reused = Kopie einer Anmeldung benutzt von { $device }; wir haben diese Sitzung beendet
event-signed-out = Abgemeldet von { $device }
event-signed-out-everywhere = Überall abgemeldet von { $device }
event-signed-out-everywhere-else = Überall sonst abgemeldet von { $device }
event-session-revoked = Ein anderes Gerät abgemeldet von { $device }
event-email-verified = E-Mail-Adresse bestätigt von { $device }
event-verification-requested = Neue Bestätigungs-E-Mail angefordert von { $device }
event-profile-updated = Name geändert von { $device }
event-language-changed = Sprache geändert von { $device }
event-password-changed = Passwort geändert von { $device }
event-password-change-failed = Passwort nicht geändert: das aktuelle war falsch, von { $device }
event-password-reset-requested = E-Mail zum Zurücksetzen des Passworts angefordert von { $device }
event-password-reset = Passwort zurückgesetzt von { $device }
event-email-change-requested = Änderung der E-Mail-Adresse angefordert von { $device }
event-email-change-cancelled = Änderung der E-Mail-Adresse abgebrochen von { $device }
event-email-changed = E-Mail-Adresse geändert von { $device }
event-email-reverted = Frühere E-Mail-Adresse wiederhergestellt von { $device }
event-reauthentication-failed = Falsches Passwort bei der Nachfrage, von { $device }
event-deletion-scheduled = Löschung des Kontos angefordert von { $device }
event-deletion-cancelled = Löschung des Kontos zurückgenommen von { $device }
event-data-exported = Daten heruntergeladen mit { $device }
event-app-authorized = Zugriff für { $app } erlaubt mit { $device }
event-app-signed-in = Bei { $app } angemeldet mit { $device }
event-app-refresh-reused = Eine Kopie der Anmeldung bei { $app } wurde verwendet; wir haben sie beendet
event-code-replayed = Eine Anmeldung bei { $app } wurde ein zweites Mal verwendet; wir haben sie beendet

## The account: asking for the password

account-confirm-heading = Sind Sie es?
account-confirm-text = Es ist eine Weile her, dass Sie Ihr Passwort eingegeben haben. Geben Sie es noch einmal ein, um fortzufahren.
account-confirm-button = Weiter
account-confirm-back = Zurück

## The account: deleting it

account-delete-heading = Konto löschen
account-delete-what = Was geschieht
account-delete-first = Sie werden sofort auf allen Geräten abgemeldet, und niemand kann sich mehr anmelden.
account-delete-second = Wir schicken Ihnen einen Link, mit dem Sie die Löschung { $life } lang zurücknehmen können.
account-delete-third = Danach ist das Konto mit allem, was dazugehört, endgültig weg.
account-delete-data = Möchten Sie eine Kopie behalten?
account-delete-data-link = Laden Sie zuerst Ihre Daten herunter
account-delete-confirm = Ja, mein Konto löschen
account-delete-unticked = Setzen Sie das Häkchen, wenn Sie Ihr Konto wirklich löschen möchten.
account-delete-button = Konto löschen
account-delete-keep = Mein Konto behalten

## Signing out

sign-out-heading = Abmelden?
sign-out-button = Abmelden
sign-out-stay = Angemeldet bleiben

## Confirming an address

verify-heading = E-Mail-Adresse bestätigen
verify-address = Adresse:
verify-link-text = Nur noch ein Schritt: Drücken Sie den Knopf, und wir wissen, dass diese Adresse Ihnen gehört.
verify-link-button = Meine Adresse bestätigen
verify-change-heading = Künftig diese Adresse benutzen?
verify-change-text = Wenn Sie den Knopf drücken, zieht Ihr Konto zu dieser Adresse um. Sie melden sich mit ihr an, und wir schreiben an sie.
verify-change-button = Diese Adresse benutzen
verify-password-text = Sie sind hier nicht in diesem Konto angemeldet. Geben Sie sein Passwort ein, damit wir wissen, dass es Ihnen gehört.
verify-not-mine-text = Sie haben dieses Konto nicht angelegt oder das Passwort vergessen? Mit einem neuen Passwort gehört es Ihnen allein.
verify-not-mine-button = Schicken Sie mir einen Link für ein neues Passwort
verify-done-heading = Ihre E-Mail-Adresse ist bestätigt
verify-done-address = Adresse:
verify-done-text = Hier ist nichts mehr zu tun.
verify-done-continue = Weiter
verify-done-change = Adresse ändern
verify-dead-heading = Dieser Link gilt nicht mehr
verify-dead-text = Er ist abgelaufen, wurde schon benutzt oder durch eine neuere E-Mail ersetzt. Wenn Sie Ihre Adresse schon bestätigt haben, ist nichts mehr zu tun.
verify-dead-send = Neuen Link schicken
verify-dead-send-to = Neuen Link an { $email } schicken
verify-change-dead-text = Die Adresse wurde nicht geändert, oder die Änderung wurde später zurückgenommen. Der Link ist abgelaufen, die Änderung wurde abgebrochen, oder eine neuere E-Mail hat ihn ersetzt.
verify-change-dead-again = Adresse ändern
# The address is masked: z***@example.org
verify-change-made-text = Die Änderung gilt: Ihr Konto hat jetzt die Adresse { $email }.
verify-change-forgotten-text = Sie haben das Passwort vergessen? Legen Sie zuerst ein neues fest und fordern Sie die Änderung dann noch einmal an: Mit dem neuen Passwort gilt dieser Link nicht mehr.
verify-change-forgotten-link = Neues Passwort festlegen
verify-code-instead = Stattdessen einen Code eingeben
verify-sign-in = Anmelden
verify-later = Später erledigen
verify-code-text = Geben Sie den sechsstelligen Code ein, den wir an Ihre Adresse geschickt haben, oder öffnen Sie den Link in der E-Mail.
verify-code-text-to = Geben Sie den sechsstelligen Code ein, den wir an { $email } geschickt haben, oder öffnen Sie den Link in der E-Mail.
verify-code-label = Code
verify-code-hint = Der Code gilt { $code }, der Link { $link }.
verify-code-button = Bestätigen
verify-code-resend = Neue E-Mail schicken

## Taking back a change of the address, or the deletion

restore-sign-in = Anmelden
revert-heading = Änderung der Adresse zurücknehmen?
revert-address = Ihr Konto kehrt zu dieser Adresse zurück:
revert-text = Alle Geräte werden abgemeldet. Legen Sie danach ein neues Passwort fest: Wer die Adresse geändert hat, kennt womöglich das alte.
revert-button = Zurücknehmen
revert-dead-heading = Dieser Link gilt nicht mehr
revert-dead-text = Er gilt einmal, nach der Änderung der Adresse { $life } lang.
revert-dead-help = Wurde die Änderung schon zurückgenommen, fehlt nur noch ein neues Passwort.
# Only where there is an address to write to.
revert-dead-support = Sonst schreiben Sie an { $address }, und wir helfen Ihnen.
revert-dead-reset = Neues Passwort festlegen
restore-heading = Konto behalten?
restore-address = Konto:
restore-text = Es soll am { $until } gelöscht werden. Drücken Sie den Knopf, um es mit allem, was dazugehört, zu behalten.
restore-button = Mein Konto behalten
restore-dead-heading = Dieser Link gilt nicht mehr
restore-dead-text = Die Löschung wurde schon zurückgenommen, eine neuere E-Mail hat diesen Link ersetzt, oder die Frist von { $life } ist um, und das Konto ist weg.
restore-dead-help = Versuchen Sie, sich anzumelden: Gelingt es, gibt es Ihr Konto noch.
restore-dead-again = Gelingt es nicht, fordern Sie ein neues Passwort an: Solange das Konto behalten werden kann, schicken wir Ihnen den Link dafür.
restore-dead-reset = E-Mail anfordern
restore-dead-register = Neues Konto anlegen

## Outcomes of the forms of the account

notice-profile-updated = Ihr Name ist gespeichert.
notice-email-change-requested = Wenn die neue Adresse benutzt werden kann, ist eine E-Mail mit einem Link dorthin unterwegs. Bis er geöffnet wird, ändert sich nichts.
notice-email-change-cancelled = Die Änderung wurde abgebrochen. Der Link in der E-Mail gilt nicht mehr.
notice-email-changed = Ihre E-Mail-Adresse wurde geändert.
# Only where the former address was confirmed.
notice-email-changed-text = Wir haben die frühere Adresse benachrichtigt. Von dort lässt sich die Änderung { $life } lang zurücknehmen.
notice-email-reverted = Sie haben Ihre Adresse wieder.
notice-email-reverted-text = Alle Geräte wurden abgemeldet. Legen Sie jetzt ein neues Passwort fest, denn jemand anderes kennt womöglich das alte.
notice-password-confirmed = Danke. Sie können jetzt fortfahren.
notice-deletion-scheduled = Ihr Konto wird am { $date } gelöscht.
notice-deletion-scheduled-text = Sie sind überall abgemeldet. Bis dahin nimmt der Link, den wir Ihnen geschickt haben, die Löschung zurück.
notice-deletion-cancelled = Ihr Konto bleibt.
notice-deletion-cancelled-text = Alles ist, wie es war. Melden Sie sich an, um fortzufahren.

## Apps

# Under the heading of a page that an app has led to.
app-to-continue = um zu { $app } zu gelangen
app-ask-heading = Weiter zu { $app }?
app-ask-account = Sie sind angemeldet als { $email }.
app-ask-other = { $app } erwartet ein anderes Konto als { $email }.
app-ask-host = Die Adresse der App: { $host }.
app-ask-continue = Weiter
app-ask-cancel = Abbrechen
app-other-account = Ein anderes Konto verwenden
app-scope-intro = Die App kann dann:
app-scope-openid = Sie wiedererkennen, wenn Sie zurückkommen
app-scope-profile = Ihren Namen und Ihre Sprache sehen
app-scope-email = Ihre E-Mail-Adresse sehen
app-scope-groups = sehen, zu welchen Gruppen Sie gehören
app-not-allowed-heading = { $app } steht Ihnen nicht offen
app-not-allowed-text = Dieses Konto darf { $app } nicht verwenden. Das entscheidet, wer die App betreibt.
app-not-allowed-help = Fragen Sie { $support }, wenn Sie Zugang brauchen.
app-leave-heading = Weiter zu { $app }
app-leave-link = Weiter zu { $app }
app-leave-automatic = Sie werden weitergeleitet. Wenn nichts geschieht, verwenden Sie den Link.
app-leave-by-press = Die App öffnet sich, wenn Sie den Link verwenden. Danach können Sie dieses Fenster schließen.
app-unknown-heading = Diese App ist hier nicht bekannt
app-unknown-text = Die App, von der Sie kommen, ist bei diesem Portal nicht registriert oder abgeschaltet. Gehen Sie zu ihr zurück, und fragen Sie, wer sie betreibt.
app-address-heading = Die Adresse der App ist nicht registriert
app-address-text = Die App will die Antwort an eine Adresse, die nicht zu ihr gehört; darum wurde nichts an sie gesendet. Wer die App betreibt, muss die Adresse registrieren.
app-stranded-heading = Diese Anmeldung ist beendet oder abgelaufen
app-stranded-text = Sie wurde in einem anderen Fenster beendet, blieb mehr als eine Stunde liegen oder gehört zu einem anderen Browser.
app-stranded-link = Zu { $app }
app-stranded-open = Öffnen Sie { $app } noch einmal, um sich anzumelden.
