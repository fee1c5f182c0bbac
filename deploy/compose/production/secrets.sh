#!/bin/sh
# Makes the secrets of the production stack, once: what is there already stays. They are in deploy/compose/production/secrets, which
# git does not know. Back up master_key, apart from the database: without it, a restored database is of no use.
set -eu
: "${SMTP_URL:?the mail server, for example smtps://USER:PASSWORD@mail.example.org}"
cd "$(dirname "$0")"

# The folder is its owner's alone. The files in it are readable for all because Compose mounts them as they are, one by one,
# and each container reads its own as another user.
umask 022
mkdir -p secrets
chmod 700 secrets
cd secrets

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

# write NAME VALUE: only if there is no such secret yet.
write() {
    [ -s "$1" ] || printf '%s\n' "$2" > "$1"
}

write master_key "$(head -c 32 /dev/urandom | base64)"
write smtp_url "$SMTP_URL"
# For postgres.yaml.
write postgres_admin_password "$(random)"
write postgres_password "$(random)"
write database_url "postgres://vestibule:$(cat postgres_password)@postgres:5432/vestibule?sslmode=disable"

echo "The secrets are in $PWD."
