use crate::kernel::errors::codes;

codes! {
    /// A language that pages and mails exist in, by its BCP 47 tag.
    #[derive(Default)]
    Language {
        #[default]
        English = "en",
        German = "de",
    }
}
