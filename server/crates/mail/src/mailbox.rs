//! Mail that stays here: a folder of JSON files, for development.

use std::{
    fs::{self, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::{
    mail::OutgoingMail,
    ports::{Clock, MailError, Mailer},
};

use crate::{MailSettings, render, standalone_html};

/// Mails that are kept; older ones go.
const KEPT: usize = 200;

/// One mail in the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMail {
    pub id: Uuid,
    /// The code of the mail's kind.
    pub kind: String,
    /// The code of the language that it is written in.
    pub language: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    /// With the logo inside, so that a browser shows it.
    pub html: String,
    /// The one link of the mail that leads to the portal.
    pub link: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub sent_at: OffsetDateTime,
}

/// The folder, readable by its owner alone: its mails hold links that sign people in.
pub struct Mailbox {
    folder: PathBuf,
}

impl Mailbox {
    /// Opens the folder, and makes it if need be.
    ///
    /// # Errors
    /// The folder cannot be made or closed to others.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(0o700))?;
        Ok(Self { folder })
    }

    /// Every mail, newest first. A file that is no mail is passed over.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<StoredMail>> {
        let mut mails = Vec::new();
        for id in self.ids()? {
            match self.read(id) {
                Ok(mail) => mails.extend(mail),
                Err(error) => tracing::warn!(%id, %error, "a file of the mailbox is not readable"),
            }
        }
        mails.sort_by_key(|mail| std::cmp::Reverse((mail.sent_at, mail.id)));
        Ok(mails)
    }

    /// # Errors
    /// The file is there but cannot be read.
    pub fn read(&self, id: Uuid) -> io::Result<Option<StoredMail>> {
        match fs::read(self.file(id)) {
            Ok(json) => Ok(Some(serde_json::from_slice(&json)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a mail in one step, and lets the oldest go.
    fn keep(&self, mail: &StoredMail) -> io::Result<()> {
        let unfinished = self.folder.join(format!(".{}.tmp", mail.id));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&unfinished)?;
        file.write_all(&serde_json::to_vec_pretty(mail)?)?;
        drop(file);
        fs::rename(&unfinished, self.file(mail.id))?;
        self.forget_oldest()
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let ids = self.ids()?;
        if ids.len() <= KEPT {
            return Ok(());
        }
        let written = |id: &Uuid| {
            fs::metadata(self.file(*id))
                .and_then(|file| file.modified())
                .ok()
        };
        let mut ids: Vec<_> = ids.iter().map(|id| (written(id), *id)).collect();
        ids.sort_unstable();
        for (_, id) in &ids[..ids.len() - KEPT] {
            match fs::remove_file(self.file(*id)) {
                // Another worker was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
        }
        Ok(())
    }

    fn ids(&self) -> io::Result<Vec<Uuid>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            ids.extend(
                name.to_str()
                    .and_then(|name| name.strip_suffix(".json")?.parse::<Uuid>().ok()),
            );
        }
        Ok(ids)
    }

    fn file(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

/// Puts mails into a [`Mailbox`] instead of sending them.
pub struct MailboxMailer {
    mailbox: Arc<Mailbox>,
    settings: MailSettings,
    clock: Arc<dyn Clock>,
}

impl MailboxMailer {
    pub fn new(mailbox: Arc<Mailbox>, settings: MailSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            mailbox,
            settings,
            clock,
        }
    }
}

#[async_trait]
impl Mailer for MailboxMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let rendered =
            render(mail, &self.settings).map_err(|error| MailError::Permanent(error.into()))?;
        let stored = StoredMail {
            id: mail.id,
            kind: mail.kind.as_str().to_owned(),
            language: mail.language.as_str().to_owned(),
            to: mail.recipient.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: standalone_html(&rendered.html, mail, &self.settings),
            link: mail.link.clone(),
            sent_at: self.clock.now(),
        };
        let mailbox = Arc::clone(&self.mailbox);
        let kept = tokio::task::spawn_blocking(move || mailbox.keep(&stored)).await;
        kept.map_err(|error| MailError::Temporary(error.into()))?
            .map_err(|error| MailError::Temporary(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use time::{Duration, macros::datetime};
    use vestibule_core::{model::Language, ports::SystemClock};

    use super::*;
    use crate::samples;

    fn mailer(folder: &Path) -> MailboxMailer {
        let settings = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
        MailboxMailer::new(
            Arc::new(Mailbox::open(folder).unwrap()),
            settings,
            Arc::new(SystemClock),
        )
    }

    fn stored(number: u32) -> StoredMail {
        StoredMail {
            id: Uuid::from_u128(u128::from(number)),
            kind: "welcome".to_owned(),
            language: "de".to_owned(),
            to: "zoe@example.org".to_owned(),
            subject: format!("number {number}"),
            text: String::new(),
            html: String::new(),
            link: None,
            sent_at: datetime!(2026-11-24 06:45 UTC) + Duration::seconds(number.into()),
        }
    }

    #[tokio::test]
    async fn a_mail_is_kept_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = mailer(&folder.path().join("data/mailbox"));
        let mail = &samples(Language::German)[0];
        mailer.send(mail).await.unwrap();
        mailer.send(mail).await.unwrap();
        let listed = mailer.mailbox.list().unwrap();
        assert_eq!(
            listed.len(),
            1,
            "the same mail again takes the place of the first"
        );
        let rendered = render(mail, &mailer.settings).unwrap();
        assert_eq!(
            (&listed[0].subject, &listed[0].text, &listed[0].html),
            (&rendered.subject, &rendered.text, &rendered.html)
        );
        assert_eq!(
            (listed[0].kind.as_str(), &listed[0].to, &listed[0].link),
            ("welcome", &mail.recipient, &mail.link)
        );
        assert_eq!(listed[0].language, "de");
        assert_eq!(
            mailer.mailbox.read(mail.id).unwrap().as_ref(),
            listed.first()
        );
        assert_eq!(mailer.mailbox.read(Uuid::nil()).unwrap(), None);
    }

    #[tokio::test]
    async fn only_the_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = folder.path().join("mailbox");
        fs::create_dir(&mailbox).unwrap();
        fs::set_permissions(&mailbox, fs::Permissions::from_mode(0o755)).unwrap();
        let mailer = mailer(&mailbox);
        mailer.send(&samples(Language::English)[0]).await.unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&mailbox), 0o700);
        let files: Vec<_> = fs::read_dir(&mailbox)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "nothing unfinished is left: {files:?}");
        assert_eq!(mode(&files[0]), 0o600);
    }

    #[test]
    fn the_newest_two_hundred_are_kept_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        for number in 1..=205 {
            mailbox.keep(&stored(number)).unwrap();
        }
        let numbers: Vec<_> = mailbox
            .list()
            .unwrap()
            .into_iter()
            .map(|mail| mail.id.as_u128())
            .collect();
        assert_eq!(numbers, (6..=205).rev().collect::<Vec<_>>());
    }

    #[test]
    fn files_that_are_no_mails_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path()).unwrap();
        mailbox.keep(&stored(1)).unwrap();
        fs::write(folder.path().join("notes.json"), "{}").unwrap();
        fs::write(
            folder.path().join(format!("{}.json", Uuid::from_u128(2))),
            "not json",
        )
        .unwrap();
        assert_eq!(mailbox.list().unwrap(), [stored(1)]);
        assert!(mailbox.read(Uuid::from_u128(2)).is_err());
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_is_a_reason_to_try_again() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = mailer(&folder.path().join("mailbox"));
        fs::remove_dir_all(folder.path().join("mailbox")).unwrap();
        assert!(matches!(
            mailer.send(&samples(Language::English)[0]).await,
            Err(MailError::Temporary(_))
        ));
    }
}
