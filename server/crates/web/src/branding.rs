/// How a deployment looks, beside its name; without any of it, as the portal comes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// Path of the stylesheet with the deployment's own colours, to be linked after the main one.
    pub stylesheet: Option<String>,
    /// Path of the logo.
    pub logo: Option<String>,
    /// Address of a human who helps.
    pub support: Option<String>,
}
