//! What a person does, one thing at a time, so that they know how things stand; and whether what
//! they are told agrees with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Answer, Connection, Request};
use crate::person::{Family, Person, Reset};
use crate::world::{Dice, World};

/// For so long a replica may believe what it read before a session ended on another one.
const REVOCATION_TIME: Duration = Duration::from_millis(1200);
/// Between two tries of a request without an answer.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// With the pauses longer than anything is away.
const MAX_TRIES: u32 = 400;

/// Of what somebody did before something went wrong.
const MAX_ACTS_TOLD: usize = 12;

/// Who uses the portal: one person after the other.
pub struct Visitor {
    pub world: Arc<World>,
    pub dice: Dice,
    connections: Vec<Connection>,
    person: Person,
}

impl Visitor {
    /// A new person, who registers.
    pub async fn arrive(world: Arc<World>, mut dice: Dice, email: String) -> Self {
        let [a, b, c] = [(); 3].map(|()| 1 + dice.below(250));
        let person = Person::new(email, format!("10.{a}.{b}.{c}"));
        let mut visitor = Self {
            connections: person.connections(&world),
            person,
            world,
            dice,
        };
        visitor.register().await;
        visitor
    }

    /// Goes, and leaves what they know.
    pub fn leave(self) -> (Person, Dice) {
        (self.person, self.dice)
    }

    /// Does something.
    pub async fn act(&mut self) {
        let has_link = self.person.reset != Reset::Done && self.mailed("reset-password").is_some();
        if has_link && self.dice.below(4) == 0 {
            return self.reset_password().await;
        }
        if self.person.families.is_empty() {
            return self.sign_in().await;
        }
        let family = self.dice.below(self.person.families.len());
        let rests = self.person.families[family].rests_until > Instant::now();
        match self.dice.below(100) {
            30..63 if rests => self.look_at_me(family).await,
            0..30 => self.look_at_me(family).await,
            30..52 => self.refresh(family).await,
            52..57 => self.lose_a_refresh(family).await,
            57..63 => self.refresh_twice(family).await,
            63..70 => self.list_sessions(family).await,
            70..78 if self.person.families.len() < 3 => self.sign_in().await,
            78..84 => self.sign_out(family).await,
            84..88 => self.change_password(family).await,
            88..93 => self.ask_for_reset().await,
            93..95 => self.verify_email().await,
            _ => self.try_what_ended().await,
        }
    }

    async fn register(&mut self) {
        let body = json!({ "email": self.person.email, "password": self.person.password });
        let (answer, doubts) = self.insist(&Request::post("/register", &body)).await;
        match answer.status {
            201 => self.begin(&answer),
            409 if doubts > 0 => {}
            _ => self.complain("registration", &answer),
        }
    }

    pub async fn sign_in(&mut self) {
        let body = json!({ "email": self.person.email, "password": self.person.password });
        let (answer, _) = self.insist(&Request::post("/login", &body)).await;
        match answer.status {
            200 => self.begin(&answer),
            _ => self.complain("sign-in with the right password", &answer),
        }
    }

    async fn look_at_me(&mut self, family: usize) {
        let request = Request::get("/me").bearer(&self.person.families[family].access);
        let (answer, _) = self.insist(&request).await;
        if answer.status != 200 || answer.text("email") != self.person.email {
            self.complain("/me in a live session", &answer);
        }
    }

    async fn list_sessions(&mut self, family: usize) {
        let request = Request::get("/sessions").bearer(&self.person.families[family].access);
        let (answer, _) = self.insist(&request).await;
        let sessions = answer.json()["sessions"].clone();
        let is_current = |session: &&Value| session["current"] == true;
        let listed = sessions
            .as_array()
            .map_or(0, |all| all.iter().filter(is_current).count());
        if answer.status != 200 || listed != 1 {
            self.complain("/sessions in a live session", &answer);
        }
    }

    fn refresh_request(&self, family: usize) -> Request {
        let body = json!({ "refresh_token": self.person.families[family].refresh });
        Request::post("/refresh", &body)
    }

    /// Who gets no answer sends the same token again, and is not signed out for it.
    async fn refresh(&mut self, family: usize) {
        let (answer, doubts) = self.insist(&self.refresh_request(family)).await;
        if answer.status == 200 {
            self.replace(family, &answer);
        } else {
            self.complain(&format!("refresh after {doubts} tries"), &answer);
            self.person.families.remove(family);
        }
    }

    async fn lose_a_refresh(&mut self, family: usize) {
        let request = self.forwarded(self.refresh_request(family));
        let door = self.dice.below(self.connections.len());
        let after = Duration::from_millis(self.dice.below(12) as u64);
        self.note("loses a refresh");
        // Where it cannot be sent it is lost as well.
        let _ = self.connections[door]
            .ask_and_hang_up(&request, after)
            .await;
        let families = self.person.families.len();
        self.refresh(family).await;
        if self.person.families.len() == families {
            self.person.families[family].rests_until = Instant::now() + Duration::from_secs(2);
        }
    }

    /// Two tabs at once, at two replicas, get the same successor.
    async fn refresh_twice(&mut self, family: usize) {
        self.note("refreshes twice");
        let request = self.forwarded(self.refresh_request(family));
        let mut others = self.person.connections(&self.world);
        let mut last = others.pop().unwrap();
        let first = others.pop();
        let mut first = first.unwrap_or_else(|| last.another());
        let world = Arc::clone(&self.world);
        let (one, two) = tokio::join!(
            world.ask(&mut first, &request),
            world.ask(&mut last, &request)
        );
        let answers: Vec<Answer> = [one, two].into_iter().flatten().collect();
        for answer in &answers {
            if answer.status != 200 {
                self.complain("one of two refreshes at once", answer);
            }
        }
        if let [one, two] = &answers[..]
            && one.text("refresh_token") != two.text("refresh_token")
        {
            self.complain("two successors of one refresh token: one of them", one);
        }
        match answers.into_iter().find(|answer| answer.status == 200) {
            Some(answer) => self.replace(family, &answer),
            None => self.refresh(family).await,
        }
    }

    async fn sign_out(&mut self, family: usize) {
        let request =
            Request::post("/logout", &Value::Null).bearer(&self.person.families[family].access);
        let (answer, doubts) = self.insist(&request).await;
        match answer.status {
            204 => {}
            401 if doubts > 0 => {}
            _ => self.complain("sign-out of a live session", &answer),
        }
        let family = self.person.families.remove(family);
        self.person.end(vec![family]);
    }

    async fn change_password(&mut self, family: usize) {
        // It would make the mailed link void.
        if matches!(self.person.reset, Reset::Asked(_)) {
            return;
        }
        let new = self.person.next_password();
        let body = json!({
            "current_password": self.person.password,
            "new_password": new,
            "new_tokens": true,
        });
        let request =
            Request::post("/password/change", &body).bearer(&self.person.families[family].access);
        let (answer, doubts) = self.insist(&request).await;
        match (answer.status, answer.text("code").as_str()) {
            (200, _) => {}
            // An earlier try has changed it already, and its session has taken this one's place.
            (401, "invalid_credentials" | "unauthenticated") if doubts > 0 => {}
            _ => return self.complain("change of the password", &answer),
        }
        self.person.set_password(new);
        let before = std::mem::take(&mut self.person.families);
        self.person.end(before);
        if answer.status == 200 {
            self.begin(&answer);
        }
    }

    async fn ask_for_reset(&mut self) {
        if self.person.reset != Reset::NotAsked {
            return;
        }
        let request = Request::post("/password/forgot", &json!({ "email": self.person.email }));
        let answer = self.ask(&request).await;
        let is_acknowledged = answer.as_ref().is_some_and(|answer| answer.status == 200);
        if let Some(answer) = answer.filter(|_| !is_acknowledged) {
            self.complain("a request for a reset", &answer);
        }
        self.person.reset = Reset::Asked(is_acknowledged);
    }

    async fn reset_password(&mut self) {
        let Some(token) = self.mailed("reset-password") else {
            return;
        };
        let new = self.person.next_password();
        self.person.reset = Reset::Done;
        self.person.secrets.push(token.clone());
        let body = json!({ "token": token, "new_password": new });
        let (answer, doubts) = self.insist(&Request::post("/password/reset", &body)).await;
        match answer.status {
            200 => {}
            400 if doubts > 0 && answer.text("code") == "invalid_token" => {}
            _ => return self.complain("a reset with a new link", &answer),
        }
        self.person.set_password(new);
        let all = std::mem::take(&mut self.person.families);
        self.person.end(all);
        self.is_worthless("/password/reset", &body).await;
    }

    async fn verify_email(&mut self) {
        if self.person.is_verified {
            return;
        }
        let Some(token) = self.mailed("verify-email") else {
            return;
        };
        self.person.is_verified = true;
        self.person.secrets.push(token.clone());
        let body = json!({ "token": token });
        let (answer, doubts) = self.insist(&Request::post("/email/verify", &body)).await;
        match answer.status {
            200 => {}
            400 if doubts > 0 && answer.text("code") == "invalid_token" => {}
            _ => return self.complain("the link of the welcome mail", &answer),
        }
        self.is_worthless("/email/verify", &body).await;
    }

    /// A mailed token works once.
    async fn is_worthless(&mut self, path: &str, body: &Value) {
        let (answer, _) = self.insist(&Request::post(path, body)).await;
        if answer.text("code") != "invalid_token" {
            self.complain("a mailed token that was used", &answer);
        }
    }

    async fn try_what_ended(&mut self) {
        if self.person.ended.is_empty() {
            return;
        }
        let number = self.dice.below(self.person.ended.len());
        self.is_over(number).await;
    }

    /// What ended stays so, whichever replica is asked, and whatever it can reach.
    async fn is_over(&mut self, number: usize) {
        let ended = self.person.ended[number].clone();
        let body = json!({ "refresh_token": ended.family.refresh });
        let (answer, _) = self.insist(&Request::post("/refresh", &body)).await;
        if answer.status != 401 {
            self.complain("a refresh after the end of the session", &answer);
        }
        let wait = REVOCATION_TIME.saturating_sub(ended.since.elapsed());
        tokio::time::sleep(wait).await;
        for _ in 0..self.connections.len() {
            let request = Request::get("/me").bearer(&ended.family.access);
            let (answer, _) = self.insist(&request).await;
            if answer.status != 401 {
                self.complain("/me after the end of the session", &answer);
            }
        }
    }

    /// Once all is well: what was acknowledged holds.
    pub async fn take_stock(&mut self) {
        let mut promised = vec!["verify-email"];
        if self.person.reset == Reset::Asked(true) {
            promised.push("reset-password");
        }
        for page in promised {
            let email = &self.person.email;
            if self.mailed(page).is_none() && !self.world.is_refused(email) {
                self.world
                    .weather
                    .violation(format!("{email}: no mail leads to /{page}"));
            }
        }
        for number in 0..self.person.ended.len() {
            self.is_over(number).await;
        }
        for family in (0..self.person.families.len()).rev() {
            self.look_at_me(family).await;
            self.refresh(family).await;
        }
        self.sign_in().await;
    }

    /// A person who comes back.
    pub fn come_back(world: Arc<World>, dice: Dice, person: Person) -> Self {
        Self {
            connections: person.connections(&world),
            world,
            dice,
            person,
        }
    }

    /// The token in the mail that leads to a page, if there is one.
    fn mailed(&self, page: &str) -> Option<String> {
        self.world.token_for(&self.person.email, page)
    }

    /// Asks until there is an answer; that, and how many tries before it may have worked.
    async fn insist(&mut self, request: &Request) -> (Answer, u32) {
        for doubts in 0..MAX_TRIES {
            if let Some(answer) = self.ask(request).await {
                return (answer, doubts);
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        panic!("{} is never answered", request.path);
    }

    /// Asks one of the replicas once.
    async fn ask(&mut self, request: &Request) -> Option<Answer> {
        let request = self.forwarded(request.clone());
        let door = self.dice.below(self.connections.len());
        let answer = self.world.ask(&mut self.connections[door], &request).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        self.note(&format!("{} {status}", request.path));
        answer
    }

    /// Each person comes from a network of their own, as a proxy would say.
    fn forwarded(&self, request: Request) -> Request {
        request.header("x-forwarded-for", &self.person.address)
    }

    fn begin(&mut self, answer: &Answer) {
        let family = self.family(answer);
        self.person.families.push(family);
    }

    fn replace(&mut self, family: usize, answer: &Answer) {
        self.person.families[family] = self.family(answer);
    }

    fn family(&mut self, answer: &Answer) -> Family {
        let family = Family {
            rests_until: Instant::now(),
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
        };
        if answer.json()["user"]["email"] != self.person.email.as_str() {
            self.complain("tokens of somebody else", answer);
        }
        let secrets = [family.access.clone(), family.refresh.clone()];
        self.person.secrets.extend(secrets);
        family
    }

    fn complain(&self, what: &str, answer: &Answer) {
        let Answer { status, body, .. } = answer;
        let Person { email, acts, .. } = &self.person;
        let before = acts[acts.len().saturating_sub(MAX_ACTS_TOLD)..].join(", ");
        let text = format!("{email}: {what}: {status} {body} after {before}");
        self.world.weather.violation(text);
    }

    /// Notes what they did.
    fn note(&mut self, what: &str) {
        let at = self.person.since.elapsed().as_millis();
        self.person.acts.push(format!("{at} ms: {what}"));
    }
}
