use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernel::errors::codes;

codes! {
    /// What a client may ask for (OpenID Connect Core 1.0, 5.4).
    #[derive(PartialOrd, Ord)]
    Scope {
        Openid = "openid",
        Profile = "profile",
        Email = "email",
        Groups = "groups",
    }
}

/// A set of scopes. As text it is the list of RFC 6749, 3.3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Those of a list that are known; the others mean nothing (OpenID Connect Core 1.0, 3.1.2.1).
    pub fn parse(text: &str) -> Self {
        text.split(' ').filter_map(Scope::from_code).collect()
    }

    pub fn contain(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Whether all of these are in the others.
    pub fn are_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn common_with(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).copied().collect())
    }

    /// Those that are in either.
    #[must_use]
    pub fn joined_with(&self, others: &Self) -> Self {
        Self(self.0.union(&others.0).copied().collect())
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&names.join(" "))
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_scopes_is_a_set_of_those_that_are_known() {
        let scopes = Scopes::parse("email openid email address  unknown");
        assert_eq!(scopes.to_string(), "openid email");
        assert_eq!(Scopes::parse("").to_string(), "");
        let more = Scopes::parse("openid profile email");
        assert!(scopes.are_within(&more) && !more.are_within(&scopes));
        let others = Scopes::parse("email groups");
        assert_eq!(more.common_with(&others).to_string(), "email");
        let joined = scopes.joined_with(&others);
        assert_eq!(joined.to_string(), "openid email groups");
        let json = serde_json::to_string(&scopes).unwrap();
        assert_eq!(json, "\"openid email\"");
        assert_eq!(serde_json::from_str::<Scopes>(&json).unwrap(), scopes);
    }
}
