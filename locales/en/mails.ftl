### The mails, in English.
###
### Each sentence stands in the HTML and in the plain text alike: a button there is an address on its own line here, so no
### sentence says "press this button". Times and devices are worded by the keys of the pages.
### A section names its mails by their codes, as in server/crates/core/src/kernel/mail.rs.
###
### A text of one mail is named by the code of the mail and its part; `mail-login-button` is what the mails share that lead
### to the page `/login`. Which parts there are, and in what order they come, is in `server/crates/mail/src/contents.rs`.

## In every mail

mail-greeting = Hello,
mail-greeting-name = Hello { $name },
mail-not-you = If this was not you:
mail-all-well = If this was you, all is well and you need not do anything.
mail-button-fails = If the button does not work, open this address in your browser:
mail-asked = This was asked for on { $at }. Device: { $device }. IP address: { $ip }.
mail-questions = Questions? Reply to this mail or write to us:
mail-sent-by = { $product } sent this mail to { $recipient }.

## What happened, where and when

mail-when = When:
mail-device = Device:
mail-ip = IP address:
mail-new-address = New address:
mail-email-taken-back-other-address = Former address:
mail-deletion-scheduled-deadline = Will be deleted on:
mail-deletion-scheduled-when = Asked for on:

## Welcome, and the code and link again (`welcome`, `verify_email`)

mail-code-subject = { $code } is your code for { $product }
mail-code-preheader = { $code } is your code. It works for { $life }.
mail-code = Your code:
mail-verify-email-button = Confirm my address
mail-verify-email-not-you = somebody may have typed your address by mistake. Please do not confirm it, and pass the code on to nobody. You need not do anything else.

mail-welcome-subject = Welcome to { $product }: please confirm your address
mail-welcome-preheader = One small step is left: please confirm that this address is yours.
mail-welcome-heading = Welcome to { $product }
mail-welcome-intro = Your account is ready. One small step is left: please confirm that this address is yours.
mail-welcome-code = Enter this code on the page where you registered. It works for { $code_life }.
mail-welcome-or-link = Or confirm it right here. The link works for { $life }.
mail-welcome-link = You can confirm it right here. The link works for { $life }.

mail-verify-email-subject = Please confirm your address for { $product }
mail-verify-email-preheader = Please confirm that this address is yours.
mail-verify-email-heading = Confirm your address
mail-verify-email-code = Enter this code on the page that asks for it, to confirm that this address is yours. It works for { $code_life }.
mail-verify-email-or-link = Or confirm it right here. The link works for { $life }.
mail-verify-email-link = Please confirm that this address is yours. The link works for { $life }.
mail-verify-email-after = Codes and links from earlier mails no longer work.

## Reset of the password (`reset_password`)

mail-reset-password-subject = Reset your password for { $product }
mail-reset-password-preheader = Choose a new password. The link works once, within the next { $life }.
mail-reset-password-heading = Reset your password
mail-reset-password-intro = You asked to reset your password. Here you can choose a new one. The link works once, within the next { $life }.
mail-reset-password-button = Choose a new password
mail-reset-password-after = When the new password is set, every device is signed out, and links from earlier mails stop working.
mail-reset-password-not-you = you can ignore this mail. Your password stays as it is, and nobody can change it without this link. Please pass it on to nobody.

## Somebody used an address that has an account (`already_registered`)

mail-already-registered-subject = You already have an account at { $product }
mail-already-registered-preheader = There is nothing to set up: just sign in.
mail-already-registered-heading = You already have an account
mail-already-registered-intro = Somebody, probably you, wanted to use this address for an account here. It already belongs to your account, so there is nothing to set up: just sign in.
mail-already-registered-after = If you have forgotten your password, the sign-in page helps you to choose a new one.
mail-already-registered-not-you = nothing was changed, and nobody was let in or learned that you have an account. You need not do anything.

## The way back into the own hands

mail-sessions = Here you see where your account is signed in, and can end that:
mail-forgot-password-button = Set a new password
mail-login-button = Sign in

## Password changed (`password_changed`)

mail-password-changed-subject = Your password for { $product } was changed
mail-password-changed-preheader = If this was you, all is well. If not, please set a new password at once.
mail-password-changed-heading = Your password was changed
mail-password-changed-intro = The password of your account was just changed, and your other devices were signed out.
mail-password-changed-not-you = somebody may have got into your account. Please set a new password at once. That signs out every device, theirs too.

## Session ended (`session_ended`)

mail-session-ended-subject = { $product } signed out one of your devices
mail-session-ended-preheader = To be safe we ended one session. Your other devices stay signed in.
mail-session-ended-heading = We signed out one of your devices
mail-session-ended-intro = A sign-in key of yours was used a second time. That can mean that somebody copied it, so we ended the session that it belonged to. Your other devices stay signed in.
mail-session-ended-where = The second use came from here:
mail-session-ended-then = If you know this device, just sign in on it again.
mail-session-ended-not-you = please set a new password at once. That signs out every device, theirs too.

## New device (`new_device`)

mail-new-device-subject = New sign-in to your account at { $product }
mail-new-device-preheader = If this was you, all is well. If not, please set a new password at once.
mail-new-device-heading = New sign-in to your account
mail-new-device-intro = Somebody, probably you, signed in to your account with a device or browser that we had not seen before.
mail-new-device-not-you = somebody knows your password. Please set a new one at once. That signs out every device, theirs too.

## Change of address: to the new one (`confirm_new_email`)

mail-confirm-new-email-subject = Confirm your new address for { $product }
mail-confirm-new-email-preheader = Your address changes when you confirm it, and not before.
mail-confirm-new-email-heading = Confirm your new address
mail-confirm-new-email-intro = You asked to use this address for your account from now on. Please confirm that it is yours. The link works for { $life }.
mail-confirm-new-email-button = Confirm my new address
mail-confirm-new-email-after = Until you have confirmed it, nothing changes, and you sign in with your old address.
mail-confirm-new-email-not-you = somebody may have typed your address by mistake. Please do not confirm it: then nothing changes, and you need not do anything else.

## Change of address: to the old one (`email_change_requested`, `email_changed`, `email_reverted`)

mail-email-change-requested-subject = Your address for { $product } is about to change
mail-email-change-requested-preheader = Nothing has changed yet. If this was not you, please set a new password at once.
mail-email-change-requested-heading = Your address is about to change
mail-email-change-requested-intro = Somebody, probably you, asked to use a new address for your account. Nothing has changed yet: the new address must be confirmed first, and until then you sign in with this one.
mail-email-change-requested-then = If this was you, please open the mail that we sent to the new address. Here you need not do anything.
mail-email-change-requested-not-you = somebody may have got into your account. Please set a new password at once. That stops the change and signs out every device, theirs too.

mail-email-changed-subject = Your address for { $product } was changed
mail-email-changed-preheader = If this was not you, you can undo it within { $life }.
mail-email-changed-heading = Your address was changed
mail-email-changed-intro = Your account has a new address. From now on you sign in with it, and our mails go there.
mail-email-changed-not-you = please undo the change. Your account gets this address back, and every device is signed out, theirs too. The link works for { $life }, until { $deadline }.
mail-email-changed-button = Undo the change

mail-email-reverted-subject = Your address for { $product } is back
mail-email-reverted-preheader = One step is left: please set a new password.
mail-email-reverted-heading = Your address is back
mail-email-reverted-intro = The change of your address was undone. Your account belongs to this address again, and every device was signed out, yours too.
mail-email-reverted-then = One step is left: please set a new password, since somebody else may know the old one.
mail-email-reverted-not-you = somebody else may be reading your mails. Please change the password of your mailbox first, and then set a new one here.

## Change of address undone: to the one that the account left (`email_taken_back`)

mail-email-taken-back-subject = Your account at { $product } no longer belongs to this address
mail-email-taken-back-preheader = It went back to its former address. If this was not you, please act at once.
mail-email-taken-back-heading = Your account no longer belongs to this address
mail-email-taken-back-intro = Somebody used the link that we had sent to the former address of your account, and your account went back there. Your password no longer works, every device was signed out, and our mails go to the former address from now on.
mail-email-taken-back-then = If this was you, all is well. Please set a new password with the former address.
mail-email-taken-back-not-you = somebody else may be reading the mails of the former address. If you can still open that mailbox, please change its password first, and then set a new one here. If you cannot, please write to us at once: { $support }
mail-email-taken-back-not-you-without-support = somebody else may be reading the mails of the former address. If you can still open that mailbox, please change its password first, and then set a new one here. If you cannot, please turn to whoever runs { $product } at once.

## Deletion of the account (`deletion_scheduled`, `deletion_cancelled`)

mail-deletion-scheduled-subject = Your account at { $product } will be deleted
mail-deletion-scheduled-preheader = You can change your mind until { $deadline }.
mail-deletion-scheduled-heading = Your account will be deleted
mail-deletion-scheduled-intro = As you asked, your account will be deleted, with everything that belongs to it. It is closed from now on, and you were signed out everywhere.
mail-deletion-scheduled-then = If you change your mind, you can keep your account until then. After that it is gone for good, and nobody can bring it back.
mail-deletion-scheduled-button = Keep my account
mail-deletion-scheduled-not-you = please keep your account with this link at once, and then set a new password: somebody may have got into it.

mail-deletion-cancelled-subject = Your account at { $product } stays
mail-deletion-cancelled-preheader = It will not be deleted, and you can sign in again.
mail-deletion-cancelled-heading = Your account stays
mail-deletion-cancelled-intro = Welcome back! Your account will not be deleted. Everything in it is as it was, and you can sign in again.
mail-deletion-cancelled-not-you = somebody else may be reading your mails. Please change the password of your mailbox, and then set a new one here: the sign-in page helps you.

## Download of all data (`data_exported`)

mail-data-exported-subject = Your data at { $product } was downloaded
mail-data-exported-preheader = If this was you, all is well. If not, please set a new password at once.
mail-data-exported-heading = Your data was downloaded
mail-data-exported-intro = Somebody, probably you, downloaded all data that we keep about you. They had signed in to your account and given its password.
mail-data-exported-not-you = somebody knows your password, and has your data now: your name and addresses, where you signed in and when. Please set a new password at once. That signs out every device, theirs too.
