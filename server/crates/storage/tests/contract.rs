//! The contract of the store port, on every database.

mod common;

use std::sync::Arc;

use vestibule_testkit::contract::{self, Contract};
use vestibule_testkit::{databases, store_contracts};

macro_rules! tests {
    ($($module:ident::$name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                for database in databases().await {
                    let store = common::migrated(&database).await;
                    let cx = Contract::new(store.clone(), Arc::new(database));
                    contract::$module::$name(cx.clone()).await;
                    let violations = store.reader().await.unwrap().violations(cx.now()).await.unwrap();
                    assert_eq!(violations, []);
                    store.close().await;
                }
            }
        )+
    };
}

store_contracts!(tests);
