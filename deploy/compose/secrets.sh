#!/bin/sh
# Makes the secrets of the Compose stack, at random and once: what is there already stays.
# They are in deploy/compose/secrets, which git does not know. To begin anew:
#   docker compose -f deploy/compose/compose.yaml --profile '*' down --volumes && rm -r deploy/compose/secrets
set -eu
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
for name in postgres_admin_password postgres_password redis_password tools_password; do
    write "$name" "$(random)"
done

# The same passwords again, in the form in which their readers want them.
write database_url "postgres://vestibule:$(cat postgres_password)@postgres:5432/vestibule?sslmode=disable"
write redis_url "redis://:$(cat redis_password)@redis:6379/0"
write redis.conf "requirepass $(cat redis_password)"
write pgpass "postgres:5432:*:vestibule:$(cat postgres_password)"

# Yours to fill in, for alerts that reach you.
for name in alertmanager_smtp_password alertmanager_slack_url alertmanager_pagerduty_key; do
    [ -e "$name" ] || : > "$name"
done

echo "The secrets are in $PWD. pgAdmin, Redis Commander and Grafana take the one in tools_password."
