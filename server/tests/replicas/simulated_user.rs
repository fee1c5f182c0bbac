//! A simulated user: does one thing at a time, so that what must hold is known, and reports each
//! answer that does not agree with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Answer, Connection, Request};
use crate::user_state::{Family, Reset, UserState};
use crate::world::{Dice, World};

/// For so long a replica may believe what it read before a session ended on another one.
const REVOCATION_TIME: Duration = Duration::from_millis(1200);
/// Between two tries of a request without an answer.
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// With the pauses longer than anything is away.
const MAX_TRIES: u32 = 400;

/// Of what a user did before a violation.
const MAX_ACTS_REPORTED: usize = 12;

/// Uses the portal: one account after the other.
pub struct SimulatedUser {
    pub world: Arc<World>,
    pub dice: Dice,
    connections: Vec<Connection>,
    state: UserState,
}

impl SimulatedUser {
    /// A new user, who registers.
    pub async fn arrive(world: Arc<World>, mut dice: Dice, email: String) -> Self {
        let [a, b, c] = [(); 3].map(|()| 1 + dice.below(250));
        let state = UserState::new(email, format!("10.{a}.{b}.{c}"));
        let mut user = Self {
            connections: state.connections(&world),
            state,
            world,
            dice,
        };
        user.register().await;
        user
    }

    /// Ends, and gives what it knows to a later run.
    pub fn leave(self) -> (UserState, Dice) {
        (self.state, self.dice)
    }

    /// Does something.
    pub async fn act(&mut self) {
        let has_link = self.state.reset != Reset::Done && self.mailed("reset-password").is_some();
        if has_link && self.dice.below(4) == 0 {
            return self.reset_password().await;
        }
        if self.state.families.is_empty() {
            return self.sign_in().await;
        }
        let family = self.dice.below(self.state.families.len());
        let rests = self.state.families[family].rests_until > Instant::now();
        match self.dice.below(100) {
            30..63 if rests => self.look_at_me(family).await,
            0..30 => self.look_at_me(family).await,
            30..52 => self.refresh(family).await,
            52..57 => self.lose_a_refresh(family).await,
            57..63 => self.refresh_twice(family).await,
            63..70 => self.list_sessions(family).await,
            70..78 if self.state.families.len() < 3 => self.sign_in().await,
            78..84 => self.sign_out(family).await,
            84..88 => self.change_password(family).await,
            88..93 => self.ask_for_reset().await,
            93..95 => self.verify_email().await,
            _ => self.try_what_ended().await,
        }
    }

    async fn register(&mut self) {
        let body = json!({ "email": self.state.email, "password": self.state.password });
        let (answer, doubts) = self.insist(&Request::post("/register", &body)).await;
        match answer.status {
            201 => self.begin(&answer),
            409 if doubts > 0 => {}
            _ => self.report("registration", &answer),
        }
    }

    pub async fn sign_in(&mut self) {
        let body = json!({ "email": self.state.email, "password": self.state.password });
        let (answer, _) = self.insist(&Request::post("/login", &body)).await;
        match answer.status {
            200 => self.begin(&answer),
            _ => self.report("sign-in with the right password", &answer),
        }
    }

    async fn look_at_me(&mut self, family: usize) {
        let request = Request::get("/me").bearer(&self.state.families[family].access);
        let (answer, _) = self.insist(&request).await;
        if answer.status != 200 || answer.text("email") != self.state.email {
            self.report("/me in a live session", &answer);
        }
    }

    async fn list_sessions(&mut self, family: usize) {
        let request = Request::get("/sessions").bearer(&self.state.families[family].access);
        let (answer, _) = self.insist(&request).await;
        let sessions = answer.json()["sessions"].clone();
        let is_current = |session: &&Value| session["current"] == true;
        let listed = sessions
            .as_array()
            .map_or(0, |all| all.iter().filter(is_current).count());
        if answer.status != 200 || listed != 1 {
            self.report("/sessions in a live session", &answer);
        }
    }

    fn refresh_request(&self, family: usize) -> Request {
        let body = json!({ "refresh_token": self.state.families[family].refresh });
        Request::post("/refresh", &body)
    }

    /// A client without an answer sends the same token again, and is not signed out for it.
    async fn refresh(&mut self, family: usize) {
        let (answer, doubts) = self.insist(&self.refresh_request(family)).await;
        if answer.status == 200 {
            self.replace(family, &answer);
        } else {
            self.report(&format!("refresh after {doubts} tries"), &answer);
            self.state.families.remove(family);
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
        let families = self.state.families.len();
        self.refresh(family).await;
        if self.state.families.len() == families {
            self.state.families[family].rests_until = Instant::now() + Duration::from_secs(2);
        }
    }

    /// Two tabs at once, at two replicas, get the same successor.
    async fn refresh_twice(&mut self, family: usize) {
        self.note("refreshes twice");
        let request = self.forwarded(self.refresh_request(family));
        let mut others = self.state.connections(&self.world);
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
                self.report("one of two refreshes at once", answer);
            }
        }
        if let [one, two] = &answers[..]
            && one.text("refresh_token") != two.text("refresh_token")
        {
            self.report("two successors of one refresh token: one of them", one);
        }
        match answers.into_iter().find(|answer| answer.status == 200) {
            Some(answer) => self.replace(family, &answer),
            None => self.refresh(family).await,
        }
    }

    async fn sign_out(&mut self, family: usize) {
        let request =
            Request::post("/logout", &Value::Null).bearer(&self.state.families[family].access);
        let (answer, doubts) = self.insist(&request).await;
        match answer.status {
            204 => {}
            401 if doubts > 0 => {}
            _ => self.report("sign-out of a live session", &answer),
        }
        let family = self.state.families.remove(family);
        self.state.end(vec![family]);
    }

    async fn change_password(&mut self, family: usize) {
        // It would make the mailed link void.
        if matches!(self.state.reset, Reset::Asked(_)) {
            return;
        }
        let new = self.state.next_password();
        let body = json!({
            "current_password": self.state.password,
            "new_password": new,
            "new_tokens": true,
        });
        let request =
            Request::post("/password/change", &body).bearer(&self.state.families[family].access);
        let (answer, doubts) = self.insist(&request).await;
        match (answer.status, answer.text("code").as_str()) {
            (200, _) => {}
            // An earlier try has changed it already, and its session has taken this one's place.
            (401, "invalid_credentials" | "unauthenticated") if doubts > 0 => {}
            _ => return self.report("change of the password", &answer),
        }
        self.state.set_password(new);
        let before = std::mem::take(&mut self.state.families);
        self.state.end(before);
        if answer.status == 200 {
            self.begin(&answer);
        }
    }

    async fn ask_for_reset(&mut self) {
        if self.state.reset != Reset::NotAsked {
            return;
        }
        let request = Request::post("/password/forgot", &json!({ "email": self.state.email }));
        let answer = self.ask(&request).await;
        let is_acknowledged = answer.as_ref().is_some_and(|answer| answer.status == 200);
        if let Some(answer) = answer.filter(|_| !is_acknowledged) {
            self.report("a request for a reset", &answer);
        }
        self.state.reset = Reset::Asked(is_acknowledged);
    }

    async fn reset_password(&mut self) {
        let Some(token) = self.mailed("reset-password") else {
            return;
        };
        let new = self.state.next_password();
        self.state.reset = Reset::Done;
        self.state.secrets.push(token.clone());
        let body = json!({ "token": token, "new_password": new });
        let (answer, doubts) = self.insist(&Request::post("/password/reset", &body)).await;
        match answer.status {
            200 => {}
            400 if doubts > 0 && answer.text("code") == "invalid_token" => {}
            _ => return self.report("a reset with a new link", &answer),
        }
        self.state.set_password(new);
        let all = std::mem::take(&mut self.state.families);
        self.state.end(all);
        self.is_worthless("/password/reset", &body).await;
    }

    async fn verify_email(&mut self) {
        if self.state.is_verified {
            return;
        }
        let Some(token) = self.mailed("verify-email") else {
            return;
        };
        self.state.is_verified = true;
        self.state.secrets.push(token.clone());
        let body = json!({ "token": token });
        let (answer, doubts) = self.insist(&Request::post("/email/verify", &body)).await;
        match answer.status {
            200 => {}
            400 if doubts > 0 && answer.text("code") == "invalid_token" => {}
            _ => return self.report("the link of the welcome mail", &answer),
        }
        self.is_worthless("/email/verify", &body).await;
    }

    /// A mailed token works once.
    async fn is_worthless(&mut self, path: &str, body: &Value) {
        let (answer, _) = self.insist(&Request::post(path, body)).await;
        if answer.text("code") != "invalid_token" {
            self.report("a mailed token that was used", &answer);
        }
    }

    async fn try_what_ended(&mut self) {
        if self.state.ended.is_empty() {
            return;
        }
        let number = self.dice.below(self.state.ended.len());
        self.check_ended(number).await;
    }

    /// What ended stays so, whichever replica is asked, and whatever it can reach.
    async fn check_ended(&mut self, number: usize) {
        let ended = self.state.ended[number].clone();
        let body = json!({ "refresh_token": ended.family.refresh });
        let (answer, _) = self.insist(&Request::post("/refresh", &body)).await;
        if answer.status != 401 {
            self.report("a refresh after the end of the session", &answer);
        }
        let wait = REVOCATION_TIME.saturating_sub(ended.since.elapsed());
        tokio::time::sleep(wait).await;
        for _ in 0..self.connections.len() {
            let request = Request::get("/me").bearer(&ended.family.access);
            let (answer, _) = self.insist(&request).await;
            if answer.status != 401 {
                self.report("/me after the end of the session", &answer);
            }
        }
    }

    /// Once all is well: what was acknowledged holds.
    pub async fn verify_promises(&mut self) {
        let mut promised = vec!["verify-email"];
        if self.state.reset == Reset::Asked(true) {
            promised.push("reset-password");
        }
        for page in promised {
            let email = &self.state.email;
            if self.mailed(page).is_none() && !self.world.is_refused(email) {
                self.world
                    .observations
                    .violation(format!("{email}: no mail leads to /{page}"));
            }
        }
        for number in 0..self.state.ended.len() {
            self.check_ended(number).await;
        }
        for family in (0..self.state.families.len()).rev() {
            self.look_at_me(family).await;
            self.refresh(family).await;
        }
        self.sign_in().await;
    }

    /// A user with the state of an earlier run.
    pub fn resume(world: Arc<World>, dice: Dice, state: UserState) -> Self {
        Self {
            connections: state.connections(&world),
            world,
            dice,
            state,
        }
    }

    /// The token in the mail that leads to a page, if there is one.
    fn mailed(&self, page: &str) -> Option<String> {
        self.world.token_for(&self.state.email, page)
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

    /// Each user comes from a network of its own, as a proxy would say.
    fn forwarded(&self, request: Request) -> Request {
        request.header("x-forwarded-for", &self.state.address)
    }

    fn begin(&mut self, answer: &Answer) {
        let family = self.family(answer);
        self.state.families.push(family);
    }

    fn replace(&mut self, family: usize, answer: &Answer) {
        self.state.families[family] = self.family(answer);
    }

    fn family(&mut self, answer: &Answer) -> Family {
        let family = Family {
            rests_until: Instant::now(),
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
        };
        if answer.json()["user"]["email"] != self.state.email.as_str() {
            self.report("tokens of another user", answer);
        }
        let secrets = [family.access.clone(), family.refresh.clone()];
        self.state.secrets.extend(secrets);
        family
    }

    fn report(&self, what: &str, answer: &Answer) {
        let Answer { status, body, .. } = answer;
        let UserState { email, acts, .. } = &self.state;
        let before = acts[acts.len().saturating_sub(MAX_ACTS_REPORTED)..].join(", ");
        let text = format!("{email}: {what}: {status} {body} after {before}");
        self.world.observations.violation(text);
    }

    /// Notes what it did.
    fn note(&mut self, what: &str) {
        let at = self.state.since.elapsed().as_millis();
        self.state.acts.push(format!("{at} ms: {what}"));
    }
}
