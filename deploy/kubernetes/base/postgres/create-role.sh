#!/bin/sh
# Run once by the postgres image, when its volume is empty. The portal gets a role that owns its database and nothing else.
# No -u: where the file system knows no executable files, the image reads this into its own shell.
set -e
password=$(cat "${VESTIBULE_PASSWORD_FILE:?}")
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set password="$password" <<'SQL'
CREATE ROLE vestibule LOGIN PASSWORD :'password';
CREATE DATABASE vestibule OWNER vestibule;
REVOKE ALL ON DATABASE vestibule FROM PUBLIC;
SQL
