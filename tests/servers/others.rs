//! Servers of Ruby, PHP, Go and Java, as the machine has them.

use crate::kit::Kit;
use crate::table::{Change, Program, Says, Server, on, port, servers};
use crate::ways;

servers! {
    php => Server {
        project: "php",
        program: Program::Listed("php"),
        kit: Kit::Machine(&["php", "make"]),
        start: "make serve",
        says: on("localhost", "localhost", 8300, "Makefile:2"),
        changed: &[Change {
            name: "argument",
            edits: &[("Makefile", "localhost:8300", "0.0.0.0:8310")],
            says: on("0.0.0.0", "0.0.0.0", 8310, "Makefile:2"),
            taken: false,
        }],
        besides: &[],
    };
    java => Server {
        project: "java",
        program: Program::Own("java Server.java"),
        kit: Kit::Machine(&["java", "make"]),
        start: "make run",
        says: Says {
            port: 8400,
            host: None,
            bind: Some("[::]"),
            at: "Makefile:2",
        },
        changed: &[Change {
            name: "variable",
            edits: &[("Makefile", "PORT=8400", "PORT=8410")],
            says: Says {
                port: 8410,
                host: None,
                bind: Some("[::]"),
                at: "Makefile:2",
            },
            taken: false,
        }],
        besides: &[],
    };
    puma => Server {
        project: "puma",
        program: Program::Listed("puma"),
        kit: Kit::Machine(&["puma", "make"]),
        start: "make serve",
        says: port(9393, "config/puma.rb:2"),
        changed: &[
            Change {
                name: "key",
                edits: &[(
                    "config/puma.rb",
                    "port ENV.fetch('PORT', 9393)",
                    "bind 'tcp://127.0.0.1:9400'",
                )],
                says: on("127.0.0.1", "127.0.0.1", 9400, "config/puma.rb:2"),
                taken: false,
            },
            Change {
                name: "variable",
                edits: &[("Makefile", "puma -C", "PORT=9410 puma -C")],
                says: port(9410, "config/puma.rb:2"),
                taken: false,
            },
        ],
        besides: &[],
    };
    hugo => Server {
        project: "hugo",
        program: Program::Listed("hugo"),
        kit: Kit::Machine(&["hugo", "make"]),
        start: "make serve",
        says: port(1313, "Makefile:1"),
        changed: &[Change {
            name: "flag",
            edits: &[("Makefile", "hugo server", "hugo server --port=1420 --bind 0.0.0.0")],
            // Go takes that as every address of both families.
            says: on("0.0.0.0", "[::]", 1420, "Makefile:2"),
            taken: true,
        }],
        besides: &[],
    };
}
