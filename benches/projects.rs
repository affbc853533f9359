//! What the reading of a large project costs: `cargo bench --bench projects`.
//!
//! A monorepo of 2,000 packages is written to a folder of its own, each with scripts, a
//! configuration in TypeScript and a file of variables, and read as `devdoctor` reads
//! it: found on the disk, parsed, merged. Printed are the median and the 95th percentile.

use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use devdoctor::facts::{Claims, Known};
use devdoctor::sources::projects;

const PACKAGES: usize = 2_000;
const ROUNDS: usize = 15;

/// Far more than a reading takes, so that none is cut off.
const BUDGET: Duration = Duration::from_secs(60);

/// A folder of this bench's own, removed at its end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn main() {
    let path = std::env::temp_dir().join(format!("devdoctor-bench-{}", std::process::id()));
    let folder = Folder(path);
    let files = monorepo(&folder.0).expect("the temporary folder can be written to");
    let root = folder.0.to_str().expect("the path is text");

    let claims = read(root);
    assert!(!claims.cut, "the project was not read to its end");
    assert_eq!(claims.broken, []);
    let certain = claims.services.iter().flat_map(|service| &service.expects);
    let certain = certain.filter(|expects| expects.certain).count();

    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            drop(black_box(read(root)));
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    println!("{:<42} {:>12} {:>12}", "", "median", "p95");
    println!(
        "{:<42} {:>9.1} ms {:>9.1} ms",
        format!("{PACKAGES} packages, {files} files"),
        at(50),
        at(95)
    );
    println!(
        "{} services, {certain} ports that are certain, {} settings ignored",
        claims.services.len(),
        claims.ignored.len()
    );
}

fn read(root: &str) -> std::sync::Arc<Claims> {
    match projects::claims(root, BUDGET) {
        Known::Seen(claims) => claims,
        Known::Unseen(gap) => panic!("the project cannot be read: {gap:?}"),
    }
}

/// Writes the project; tells how many files it has.
fn monorepo(root: &Path) -> std::io::Result<usize> {
    let mut files = 0;
    let mut write = |path: &str, text: &str| {
        let path = root.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        files += 1;
        std::fs::write(path, text)
    };
    write(
        "package.json",
        r#"{"name": "acme", "private": true, "scripts": {"dev": "turbo run dev"}}"#,
    )?;
    write(
        "pnpm-workspace.yaml",
        "packages:\n  - \"apps/*\"\n  - \"packages/*\"\n",
    )?;
    write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n")?;
    for number in 0..PACKAGES {
        let group = if number % 4 == 0 { "apps" } else { "packages" };
        let folder = format!("{group}/part-{number}");
        let port = 10_000 + number;
        let mut dependencies = String::new();
        for other in number.saturating_sub(10)..number {
            let _ = write!(
                dependencies,
                ",\n    \"@acme/part-{other}\": \"workspace:*\""
            );
        }
        write(
            &format!("{folder}/package.json"),
            &format!(
                "{{\n  \"name\": \"@acme/part-{number}\",\n  \"version\": \"1.0.0\",\n  \
                 \"scripts\": {{\n    \"dev\": \"cross-env NODE_ENV=development vite --clearScreen false\",\n    \
                 \"build\": \"tsc -b && vite build\",\n    \"preview\": \"vite preview --port {}\",\n    \
                 \"test\": \"vitest run\",\n    \"lint\": \"eslint . --max-warnings 0\"\n  }},\n  \
                 \"dependencies\": {{\n    \"react\": \"^19.0.0\"{dependencies}\n  }}\n}}\n",
                port + 20_000
            ),
        )?;
        write(
            &format!("{folder}/vite.config.ts"),
            &format!(
                "import {{ defineConfig }} from \"vite\";\nimport react from \"@vitejs/plugin-react\";\n\n\
                 const port = Number({port});\n\nexport default defineConfig(({{ mode }}) => ({{\n  \
                 plugins: [react()],\n  server: {{\n    port,\n    strictPort: mode === \"production\",\n    \
                 proxy: {{ \"/api\": \"http://localhost:4000\" }},\n  }},\n}}));\n"
            ),
        )?;
        write(
            &format!("{folder}/.env"),
            &format!("# Of part {number}\nPORT={port}\nVITE_API=http://localhost:4000\nSECRET=x\n"),
        )?;
        write(&format!("{folder}/src/main.ts"), "export {};\n")?;
    }
    Ok(files)
}
