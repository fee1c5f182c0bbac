### The pages, in English.
###
### Keys say page and part: `sign-in-heading`. A text that stands in another one is a link of it, or a wait.

## Languages

# The language's own name, for who does not read the language of the page.
language-name = English

## The frame of every page

frame-skip = Skip to content
frame-title-error = Error: { $title }
frame-account = Account
frame-sign-out = Sign out
frame-language = Language
frame-help = Need help?

## Fields

field-optional = (optional)
# Said by screen readers before what is wrong with a field.
field-error = Error:
label-email = Email address
label-password = Password
label-new-password = New password
label-first-name = First name
label-last-name = Last name
password-rule-length = At least { $count } characters.
password-rule-words = A few unrelated words are easy to remember and hard to guess.
# The button in a password field: what it shows, and what screen readers say.
password-show = Show
password-show-name = Show password
password-hide = Hide
password-hide-name = Hide password

## Signing in

sign-in-heading = Sign in
sign-in-forgot = Forgot your password?
sign-in-remember = Keep me signed in on this device
sign-in-button = Sign in
sign-in-new = New here? { $link }
sign-in-new-link = Create an account

## Creating an account

register-heading = Create your account
register-button = Create account
register-known = You have an account? { $link }
register-known-link = Sign in
# After "This address already has an account."
register-taken = { $sign_in } or { $reset }. If you deleted the account, resetting the password sends you the link that restores it.
register-taken-sign-in = Sign in
register-taken-reset = reset your password

## Getting back in

forgot-heading = Forgot your password?
forgot-intro = Tell us your address, and we mail you a link to set a new one.
forgot-again = Nothing there after a few minutes? Look into the spam folder, or send the mail again.
forgot-button = Send the link
forgot-button-again = Send it again
forgot-back = Back to sign in
reset-heading = Set a new password
# Before an address.
reset-address = You are setting the password of
reset-intro = All your devices will be signed out.
reset-button = Set password
reset-no-link-heading = Reset your password
reset-no-link = Open the link in the mail that we sent you. If you have none, ask for one here.
reset-no-link-button = Send a link
reset-dead-heading = This link no longer works
reset-dead = It has expired, was already used, or a newer mail has replaced it.
# The address is masked: z***@example.org
reset-dead-known = We can mail a new one to { $email }.
reset-dead-button = Send a new one
# The page of any mailed link.
link-again-heading = Open the link again
link-again-text = This page was open for too long, or its address is incomplete. Open the link in the mail again. Nothing was changed.

## What went wrong with a form

error-fields = Please check what you entered:
error-credentials = Email or password is incorrect.
error-credentials-sign-in = Email or password is incorrect. If you deleted this account, ask for a new password: you get the link that restores it.
error-code-or-password = The code or the password is incorrect, or the code has expired. You can open the link in the mail instead.
error-link-dead = This link has expired, was cancelled or replaced, or was already used.
error-other-account = You are signed in as { $email } now, and the form was made for another account. Nothing was changed. To change this account, send the form again.
error-no-cookies = Your browser keeps no cookies for this site. They are needed to sign in, and to say here what came of a form. Allow them, and try again.
error-session-gone = That session has already ended.
error-limited = Too many attempts. Try again in { $wait }.
error-limited-sign-in = Too many attempts. Try again in { $wait }, or { $link }.
error-limited-sign-in-link = reset your password
error-overloaded = We are very busy right now. Nothing was changed. Try again in { $wait }.
error-unavailable = We cannot reach our database right now. Try again in a moment.
error-internal = Something went wrong on our side. Try again in a moment.

# All waits come after "in".
wait-moment = a moment
wait-seconds =
    { $count ->
        [one] 1 second
       *[other] { $count } seconds
    }
wait-minutes =
    { $count ->
        [one] 1 minute
       *[other] { $count } minutes
    }

# How long a link, a code or a right lasts. All of them come after "for" or "within".
life-minutes =
    { $count ->
        [one] 1 minute
       *[other] { $count } minutes
    }
life-hours =
    { $count ->
        [one] 1 hour
       *[other] { $count } hours
    }
life-days =
    { $count ->
        [one] 1 day
       *[other] { $count } days
    }

## What is wrong with a field

field-required =
    { $field ->
        [email] Enter your email address.
        [password] Enter a password.
        [new_password] Enter a password.
        [current_password] Enter your current password.
        [new_email] Enter your new email address.
        [first_name] Enter your first name.
        [last_name] Enter your last name.
        [code] Enter the code.
       *[other] Fill in this field.
    }
field-invalid-email = Enter an email address like name@example.com. Before the @ it cannot have umlauts or accents.
field-too-short = Use at least { $count } characters.
field-too-long-name = Use at most { $count } characters.
field-too-long =
    { $field ->
        [email] Your email address is too long.
        [password] The password is too long.
        [new_password] The password is too long.
        [current_password] Your current password is too long.
        [new_email] Your new email address is too long.
        [code] The code is too long.
       *[other] This is too long.
    }
field-too-weak = This password is easy to guess. Add a few unrelated words, and leave out your name and address.
field-too-common = This password is on lists of leaked passwords. Choose another one.
field-invalid-characters =
    { $field ->
        [email] Your email address has characters that are not allowed.
        [password] The password has characters that are not allowed.
        [new_password] The password has characters that are not allowed.
        [current_password] Your current password has characters that are not allowed.
        [new_email] Your new email address has characters that are not allowed.
        [first_name] Your first name has characters that are not allowed.
        [last_name] Your last name has characters that are not allowed.
        [code] The code has characters that are not allowed.
       *[other] This has characters that are not allowed.
    }
field-taken = This address already has an account.
field-unchanged = This is the address that your account has now. Enter another one.
field-incorrect =
    { $field ->
        [password] Your password is incorrect.
        [current_password] Your current password is incorrect.
       *[other] This is incorrect.
    }
field-code-incorrect = This code is wrong, was already used or has expired. You can open the link in the mail instead.
field-invalid = This does not work here. Check it, and try again.

## Good news

notice-check-inbox = Check your inbox.
notice-registered = We have sent you a mail with a link and a six-digit code.
notice-verification-sent = If the address belongs to an account that is not confirmed yet, a new mail is on its way.
notice-email-verified = Your email address is confirmed.
notice-reset-sent = If there is an account with this address, a mail with a link is on its way. The link works for { $life }.
notice-password-changed = Your password was changed.
notice-password-reset = All devices were signed out. Sign in with the new password.
notice-other-devices = All your other devices were signed out.
notice-session-ended = The device was signed out.
notice-other-sessions-ended = Your other devices were signed out.
notice-signed-out = You are signed out.
notice-sign-in-again = Your session has ended.
notice-sign-in-again-text = Sign in to continue.
# Where somebody else, or nobody, is signed in.
notice-about = This was about the account { $email }.

## Pages that show nothing but an error

error-page-home = Go to your account
# For operators, who find the request in the log by it.
error-page-request = Request { $id }
error-page-not-found = Page not found
error-page-not-found-text = There is no page at this address. It may have moved, or the link is incomplete.
error-page-busy = Back in a moment
error-page-busy-text = We cannot answer right now. Nothing was changed. Try again in { $wait }.
error-page-limited = Too many requests
error-page-limited-text = Try again in { $wait }.
error-page-forbidden = Not allowed
error-page-forbidden-text = The request came from another site. Open the page here and send the form again.
error-page-method = Not possible this way
error-page-method-text = Open the page and use its form.
error-page-too-large = Too much at once
error-page-too-large-text = What you sent is larger than we accept.
error-page-unreadable = We could not read that
error-page-unreadable-text = Open the page and send its form again.
error-page-timeout = That took too long
error-page-timeout-text = The connection was too slow, or we were. See whether it worked, and try again if it did not.
error-page-host = Wrong address
error-page-host-text = This service does not answer for this host.
error-page-internal = Something went wrong
error-page-internal-text = The fault is on our side. Try again in a moment.

## What scripts add

# The bar beside a new password, for screen readers.
strength-name = Password strength
strength-short = Too short: use at least { $count } characters.
strength-weak = Easy to guess: add a few unrelated words, and leave out your name and address.
strength-common = On lists of leaked passwords: choose another one.
strength-good = Hard to guess.
strength-strong = Very hard to guess.
# In the place of the message with the waiting time, once it is over.
wait-over = You can try again now.
copy-button = Copy
copy-done = Copied

## The account: times

# How browsers are asked to write times (BCP 47).
when-locale = en-GB
when-just-now = just now
when-minutes-ago = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}
when-hours-ago = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
when-days-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
when-today = Today
when-yesterday = Yesterday
when-exact = { $date }, { $time } UTC
when-date = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
when-weekday = { $weekday ->
    [1] Monday
    [2] Tuesday
    [3] Wednesday
    [4] Thursday
    [5] Friday
    [6] Saturday
   *[7] Sunday
}, { $date }

## The account: devices

device-unknown = Unknown device
# After "with" and "from".
device-unknown-in-sentence = an unknown device
device-program-on-system = { $program } on { $system }
# Apps that do not say what they are called.
device-android-app = Android app
device-apple-app = Apple app

## The account: what all its pages share

account-nav-label = Account pages
account-nav-overview = Overview
account-nav-profile = Name
account-nav-email = Email address
account-nav-password = Password
account-nav-sessions = Devices
account-nav-activity = Activity
account-nav-delete = Delete account
account-current-password = Current password
account-password-forgotten = Forgot your password?
account-signed-in-as = You are signed in as
account-email-confirmed = Confirmed
account-email-unconfirmed = Not confirmed

## The account: overview

account-heading = Your account
account-hello = Hello!
account-hello-name = Hello, { $name }!
account-checklist-heading = Your security at a glance
account-check-good = All right:
account-check-open = To do:
account-check-email-good = Your email address is confirmed.
account-check-email-open = Your email address is not confirmed yet.
account-check-email-link = Confirm it
account-check-failures-good = No failed sign-ins in the last seven days.
account-check-failures-open = { $count ->
    [one] { $count } failed sign-in in the last seven days.
   *[other] { $count } failed sign-ins in the last seven days.
}
account-check-failures-link = Was it you?
account-check-sessions-none = You are signed in on this device only.
account-check-sessions = { $count ->
    [one] You are signed in on { $count } other device.
   *[other] You are signed in on { $count } other devices.
}
account-check-sessions-link = See your devices
account-check-unused = { $count ->
    [one] { $count } device has not been used for two weeks.
   *[other] { $count } devices have not been used for two weeks.
}
account-check-unused-link = Look at them
account-check-password = A long password that you use nowhere else protects you best.
account-check-password-link = Change password

## The account: name

account-profile-heading = Your name
account-profile-text = We greet you with it, here and in mails. Leave a field empty and we forget it.
account-profile-save = Save

## The account: password

account-password-heading = Change your password
account-password-text = Your other devices will be signed out. This one stays signed in.
account-password-save = Change password

## The account: email address

account-email-heading = Your email address
account-email-current = Current address
account-email-verify-link = Confirm this address
account-email-pending-heading = A change is waiting
account-email-pending-address = New address
account-email-pending-since = Asked for
account-email-pending-text = If the new address can be used, a mail with a link has gone to it. The link works until { $until }. Nothing changes before it is opened.
account-email-pending-old = Your current address is notified as well, unless it has had several such mails lately.
account-email-pending-cancel = Cancel the change
account-email-change-heading = Change the address
account-email-change-text = We mail a link to the new address; until you open it, everything stays as it is. We also tell the current address.
# Only where the current address is confirmed.
account-email-change-back = From there, the change can be taken back within { $life }.
account-email-new = New email address
account-email-change-button = Send the link

## The account: devices that are signed in

account-sessions-heading = Where you are signed in
account-sessions-text = Sign out what you no longer use or do not recognise.
account-sessions-none = You are signed in nowhere else.
account-sessions-end-others = Sign out everywhere else
account-sessions-truth = { $minutes ->
    [one] Other apps may keep access for up to { $minutes } minute.
   *[other] Other apps may keep access for up to { $minutes } minutes.
}
account-session-this = This device
account-session-browser = Browser
account-session-app = App
account-session-active = Last active:
account-session-began = Signed in:
account-session-by-password = with password
account-session-by-registration = when registering
account-session-end = Sign out
# Said by screen readers after "Sign out".
account-session-of-this = this device
account-session-of = { $device }

## The account: activity

account-activity-heading = Security activity
account-activity-filters = Show
account-activity-all = All
account-activity-sign-ins = Sign-ins
account-activity-changes = Changes
account-activity-failed = Failed
account-activity-none = Nothing here. That is a good sign.
account-activity-no-more = There is nothing older.
account-activity-older = Older entries
account-activity-zone = Times are in UTC.
account-activity-not-me = This was not me
account-activity-badge-failed = Failed
account-not-me-heading = Something here was not you?
account-not-me-text = Do this now, in this order. It locks out whoever else is in your account.
account-not-me-password = Change your password.
account-not-me-password-text = That signs out all other devices at once.
account-not-me-email = Look at your email address.
account-not-me-email-text = A change that is still waiting can be cancelled there. If one went through and the former address was confirmed, we sent a mail there: its link takes the change back within { $life }.
account-not-me-reset-text = Your password no longer works?
account-not-me-reset = Reset it by mail
account-data-heading = Your data
account-data-kept = Old entries are deleted after a while, and all of them with the account.
account-data-text = You can download everything that we know about you as a JSON file. We may ask for your password first.
account-data-download = Download your data
account-data-delete = Delete your account

## The account: what happened

event-user-registered = Account created with { $device }
event-login-success = Signed in with { $device }
event-login-failure = Sign-in with a wrong password, from { $device }
event-login-limited = Sign-in refused after too many attempts, from { $device }
event-refresh-token-reused = A copy of a sign-in was used by { $device }; we ended that session
event-signed-out = Signed out from { $device }
event-signed-out-everywhere = Signed out everywhere from { $device }
event-signed-out-everywhere-else = Signed out everywhere else from { $device }
event-session-revoked = Another device was signed out from { $device }
event-email-verified = Email address confirmed from { $device }
event-verification-requested = New confirmation mail asked for from { $device }
event-profile-updated = Name changed from { $device }
event-language-changed = Language changed from { $device }
event-password-changed = Password changed from { $device }
event-password-change-failed = Password not changed: the current one was wrong, from { $device }
event-password-reset-requested = Mail to reset the password asked for from { $device }
event-password-reset = Password reset from { $device }
event-email-change-requested = Change of the email address asked for from { $device }
event-email-change-cancelled = Change of the email address cancelled from { $device }
event-email-changed = Email address changed from { $device }
event-email-reverted = Former email address restored from { $device }
event-reauthentication-failed = Wrong password when asked to confirm, from { $device }
event-deletion-scheduled = Deletion of the account asked for from { $device }
event-deletion-cancelled = Deletion of the account undone from { $device }
event-data-exported = Data downloaded with { $device }
event-app-authorized = Access for { $app } agreed to with { $device }
event-app-signed-in = Signed in to { $app } with { $device }
event-app-refresh-reused = A copy of the sign-in to { $app } was used; we ended it
event-code-replayed = A sign-in to { $app } was used a second time; we ended it

## The account: asking for the password

account-confirm-heading = Is it you?
account-confirm-text = It is a while since you gave your password. Enter it again to continue.
account-confirm-button = Continue
account-confirm-back = Back

## The account: deleting it

account-delete-heading = Delete your account
account-delete-what = What happens
account-delete-first = You are signed out on all devices at once, and nobody can sign in any more.
account-delete-second = We mail you a link, by which the deletion can be taken back within { $life }.
account-delete-third = After that, the account is gone for good, with everything in it.
account-delete-data = You want to keep a copy?
account-delete-data-link = Download your data first
account-delete-confirm = Yes, delete my account
account-delete-unticked = Tick the box if you really want to delete your account.
account-delete-button = Delete account
account-delete-keep = Keep my account

## Signing out

sign-out-heading = Sign out?
sign-out-button = Sign out
sign-out-stay = Stay signed in

## Confirming an address

verify-heading = Confirm your email address
verify-address = Address:
verify-link-text = One more step: press the button, and we know that this address is yours.
verify-link-button = Confirm my address
verify-change-heading = Use this address from now on?
verify-change-text = Once you press the button, your account moves to this address. You sign in with it, and we write to it.
verify-change-button = Use this address
verify-password-text = You are not signed in to this account here. Enter its password, so that we know that the account is yours.
verify-not-mine-text = You did not create this account, or forgot the password? With a new password it is yours alone.
verify-not-mine-button = Mail me a link to set a new password
verify-done-heading = Your email address is confirmed
verify-done-address = Address:
verify-done-text = There is nothing left to do here.
verify-done-continue = Continue
verify-done-change = Change the address
verify-dead-heading = This link no longer works
verify-dead-text = It has expired, was already used, or a newer mail has replaced it. If you have confirmed your address already, there is nothing left to do.
verify-dead-send = Send a new link
verify-dead-send-to = Send a new link to { $email }
verify-change-dead-text = The change of the address was not made, or was taken back later. The link has expired, was cancelled, or a newer mail has replaced it.
verify-change-dead-again = Change the address
# The address is masked: z***@example.org
verify-change-made-text = The change was made: your account has the address { $email } now.
verify-change-forgotten-text = You forgot the password? Set a new one first, and then ask for the change again: this link stops working with it.
verify-change-forgotten-link = Set a new password
verify-code-instead = Enter a code instead
verify-sign-in = Sign in
verify-later = Do this later
verify-code-text = Enter the six-digit code that we mailed to your address, or open the link in the mail.
verify-code-text-to = Enter the six-digit code that we mailed to { $email }, or open the link in the mail.
verify-code-label = Code
verify-code-hint = The code works for { $code }, the link for { $link }.
verify-code-button = Confirm
verify-code-resend = Send a new mail

## Taking back a change of the address, or the deletion

restore-sign-in = Sign in
revert-heading = Take back the change of the address?
revert-address = Your account returns to this address:
revert-text = All devices are signed out. After that, set a new password: whoever changed the address may know the old one.
revert-button = Take it back
revert-dead-heading = This link no longer works
revert-dead-text = It works once, within { $life } after the address was changed.
revert-dead-help = If the change was taken back already, all you need is a new password.
# Only where there is an address to write to.
revert-dead-support = Otherwise write to { $address }, and we help you.
revert-dead-reset = Set a new password
restore-heading = Keep your account?
restore-address = Account:
restore-text = It is to be deleted on { $until }. Press the button to keep it, with everything in it.
restore-button = Keep my account
restore-dead-heading = This link no longer works
restore-dead-text = The deletion was undone already, a newer mail has replaced this link, or its { $life } are over and the account is gone.
restore-dead-help = Try to sign in: if it works, your account is still there.
restore-dead-again = If it does not work, ask for a new password: as long as the account can be kept, we mail you the link that keeps it.
restore-dead-reset = Ask for a mail
restore-dead-register = Create a new account

## Outcomes of the forms of the account

notice-profile-updated = Your name is saved.
notice-email-change-requested = If the new address can be used, a mail with a link is on its way to it. Nothing changes before the link is opened.
notice-email-change-cancelled = The change was cancelled. The mailed link no longer works.
notice-email-changed = Your email address was changed.
# Only where the former address was confirmed.
notice-email-changed-text = We have told the former address. From there, the change can be taken back within { $life }.
notice-email-reverted = You have your address back.
notice-email-reverted-text = All devices were signed out. Now set a new password, because somebody else may know the old one.
notice-password-confirmed = Thank you. You can continue now.
notice-deletion-scheduled = Your account will be deleted on { $date }.
notice-deletion-scheduled-text = You are signed out everywhere. Until then, the link that we have mailed you undoes it.
notice-deletion-cancelled = Your account stays.
notice-deletion-cancelled-text = Everything is as it was. Sign in to continue.

## Apps

# Under the heading of a page that an app has led to.
app-to-continue = to continue to { $app }
app-ask-heading = Continue to { $app }?
app-ask-account = You are signed in as { $email }.
app-ask-other = { $app } expects another account than { $email }.
app-ask-host = It is at { $host }.
app-ask-continue = Continue
app-ask-cancel = Cancel
app-other-account = Use another account
app-scope-intro = It will be able to:
app-scope-openid = recognize you when you come back
app-scope-profile = see your name and language
app-scope-email = see your email address
app-scope-groups = see which groups you are in
app-not-allowed-heading = { $app } is not open to you
app-not-allowed-text = This account may not use { $app }. Who runs the app decides that.
app-not-allowed-help = Ask { $support } if you need it.
app-leave-heading = Continue to { $app }
app-leave-link = Continue to { $app }
app-leave-automatic = You are on your way. If nothing happens, use the link.
app-leave-by-press = The app opens when you use the link. You can close this window then.
app-unknown-heading = This app is not known here
app-unknown-text = The app that sent you here is not registered with this portal, or is switched off. Go back to it, and ask who runs it.
app-address-heading = This address is not registered
app-address-text = The app wants the answer at an address that is not one of its own, so nothing was sent to it. Who runs the app has to register the address.
app-stranded-heading = This sign-in is finished or has expired
app-stranded-text = It was finished in another window, was left for more than an hour, or belongs to another browser.
app-stranded-link = Go to { $app }
app-stranded-open = Open { $app } again to sign in to it.
