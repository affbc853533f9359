//! A notification service that shows nothing and remembers everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use zbus::connection::Builder;
use zbus::{Connection, Message, MessageStream, OwnedVariant, Variant};

use crate::until::until;

pub const SERVICE: &str = "org.freedesktop.Notifications";
const OBJECT: &str = "/org/freedesktop/Notifications";
pub const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// A call that the service got.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Notify(Box<Notify>),
    Close(u32),
    /// An address that is to be opened, with the token for the window.
    Open(String, Option<String>),
}

/// What is to be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Notify {
    pub id: u32,
    pub app: String,
    pub replaces: u32,
    pub icon: String,
    pub title: String,
    pub body: String,
    /// Keys and labels in turn.
    pub actions: Vec<String>,
    pub urgency: Option<u8>,
    pub category: Option<String>,
    pub entry: Option<String>,
    pub transient: bool,
    pub timeout: i32,
}

impl Notify {
    /// The keys of its actions.
    pub fn keys(&self) -> Vec<&str> {
        self.actions.iter().step_by(2).map(String::as_str).collect()
    }
}

/// How a service behaves.
#[derive(Debug, Clone)]
pub struct Manner {
    pub capabilities: &'static [&'static str],
    /// Whether do-not-disturb is on; nothing for a service without such a property.
    pub inhibited: Option<bool>,
    /// Whether it answers to what it is to show.
    pub answers: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            capabilities: &["actions", "body", "body-markup", "body-hyperlinks"],
            inhibited: None,
            answers: true,
        }
    }
}

#[derive(Debug)]
struct Book {
    manner: Manner,
    calls: Vec<Call>,
    last: u32,
}

/// The service, until it is dropped.
pub struct Recorder {
    connection: Connection,
    book: Arc<Mutex<Book>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Recorder {
    /// Takes the name of the service.
    pub async fn start(address: &str, manner: Manner) -> Self {
        Recorder::named(address, manner, SERVICE).await
    }

    /// Takes another name.
    pub async fn named(address: &str, manner: Manner, name: &str) -> Self {
        let connection = Builder::address(address).build().await.unwrap();
        let book = Arc::new(Mutex::new(Book {
            manner,
            calls: Vec::new(),
            // Other numbers than a caller's, and than those of a service before.
            last: 100 * std::process::id() % 100_000,
        }));
        let mut messages = MessageStream::from(&connection);
        let (on, of) = (connection.clone(), book.clone());
        let task = tokio::spawn(async move {
            while let Some(Ok(message)) = messages.next().await {
                if message.message_type() == zbus::message::Type::MethodCall {
                    answer(&on, &of, &message).await;
                }
            }
        });
        connection.request_name(name).await.unwrap();
        Recorder {
            connection,
            book,
            task,
        }
    }

    /// Leaves the bus, as a service does that ends.
    pub async fn end(self) {
        self.task.abort();
        let connection = self.connection.clone();
        connection.close().await.unwrap();
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<Call> {
        self.book.lock().unwrap().calls.clone()
    }

    /// What is to be shown so far.
    pub fn notified(&self) -> Vec<Notify> {
        let calls = self.calls().into_iter();
        calls
            .filter_map(|call| match call {
                Call::Notify(notify) => Some(*notify),
                Call::Close(_) | Call::Open(..) => None,
            })
            .collect()
    }

    /// What was closed so far.
    pub fn closed(&self) -> Vec<u32> {
        let calls = self.calls().into_iter();
        calls
            .filter_map(|call| match call {
                Call::Close(id) => Some(id),
                Call::Notify(_) | Call::Open(..) => None,
            })
            .collect()
    }

    /// The notification with this title, once it is there.
    pub async fn sees(&self, title: &str) -> Notify {
        until(&format!("the notification {title:?}"), || {
            self.notified().into_iter().find(|one| one.title == title)
        })
        .await
    }

    /// Waits until so many calls of any kind have come.
    pub async fn sees_calls(&self, many: usize) -> Vec<Call> {
        until(&format!("{many} calls"), || {
            Some(self.calls()).filter(|calls| calls.len() >= many)
        })
        .await
    }

    async fn signal<B>(&self, member: &str, body: &B)
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let to = None::<&str>;
        let sent = self
            .connection
            .emit_signal(to, OBJECT, SERVICE, member, body);
        sent.await.unwrap();
    }

    /// The user presses a button.
    pub async fn press(&self, id: u32, key: &str) {
        self.signal("ActivationToken", &(id, "token-1")).await;
        self.signal("ActionInvoked", &(id, key)).await;
    }

    /// The notification goes: 1 by itself, 2 by the user.
    pub async fn gone(&self, id: u32, why: u32) {
        self.signal("NotificationClosed", &(id, why)).await;
    }

    /// The user switches do-not-disturb.
    pub async fn inhibit(&self, on: bool) {
        self.book.lock().unwrap().manner.inhibited = Some(on);
        let changed = HashMap::from([("Inhibited", Variant::from(on))]);
        let interface = "org.freedesktop.DBus.Properties";
        let body = (SERVICE, changed, Vec::<String>::new());
        let to = None::<&str>;
        let sent = self
            .connection
            .emit_signal(to, OBJECT, interface, "PropertiesChanged", &body);
        sent.await.unwrap();
    }
}

async fn answer(connection: &Connection, book: &Mutex<Book>, message: &Message) {
    let header = message.header();
    let body = message.body();
    let manner = book.lock().unwrap().manner.clone();
    let member = header.member().unwrap().to_string();
    let sent = match member.as_str() {
        "GetCapabilities" => connection.reply(&header, &(manner.capabilities,)).await,
        "GetServerInformation" => {
            let information = ("recorder", "devdoctor", "7", "1.2");
            connection.reply(&header, &information).await
        }
        "Get" => match manner.inhibited {
            Some(on) => connection.reply(&header, &(Variant::from(on),)).await,
            None => unknown(connection, &header).await,
        },
        "Notify" => {
            let notify = notify(message, &mut book.lock().unwrap().last);
            let id = notify.id;
            let call = Call::Notify(Box::new(notify));
            book.lock().unwrap().calls.push(call);
            match manner.answers {
                true => connection.reply(&header, &(id,)).await,
                false => Ok(()),
            }
        }
        "CloseNotification" => {
            let (id,): (u32,) = body.deserialize().unwrap();
            book.lock().unwrap().calls.push(Call::Close(id));
            connection.reply(&header, &()).await
        }
        "OpenURI" => {
            let (_, address, options): (String, String, HashMap<String, OwnedVariant>) =
                body.deserialize().unwrap();
            let token = options.get("activation_token").map(text);
            let call = Call::Open(address, token);
            book.lock().unwrap().calls.push(call);
            let request = zbus::ObjectPath::try_from("/org/freedesktop/portal/desktop/request/1");
            connection.reply(&header, &(request.unwrap(),)).await
        }
        _ => unknown(connection, &header).await,
    };
    // The caller may have left.
    let _ = sent;
}

async fn unknown(connection: &Connection, header: &zbus::message::Header<'_>) -> zbus::Result<()> {
    let name = "org.freedesktop.DBus.Error.UnknownMethod";
    connection
        .reply_error(header, name, &("no such thing",))
        .await
}

fn text(value: &OwnedVariant) -> String {
    <&str>::try_from(&**value).unwrap().to_owned()
}

fn notify(message: &Message, last: &mut u32) -> Notify {
    type Body = (
        String,
        u32,
        String,
        String,
        String,
        Vec<String>,
        HashMap<String, OwnedVariant>,
        i32,
    );
    let body = message.body();
    let (app, replaces, icon, title, body, actions, hints, timeout): Body =
        body.deserialize().unwrap();
    let id = match replaces {
        0 => {
            *last += 1;
            *last
        }
        id => id,
    };
    Notify {
        id,
        app,
        replaces,
        icon,
        title,
        body,
        actions,
        urgency: hints.get("urgency").map(|v| u8::try_from(&**v).unwrap()),
        category: hints.get("category").map(text),
        entry: hints.get("desktop-entry").map(text),
        transient: hints
            .get("transient")
            .is_some_and(|v| bool::try_from(&**v).unwrap()),
        timeout,
    }
}
