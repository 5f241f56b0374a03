//! Other programs before the same API: nginx, and LiteLLM where it is asked for.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program that passes calls on.
pub(crate) struct Rival {
    child: Child,
    pub(crate) address: String,
}

/// The address of a port that is free.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

impl Rival {
    /// nginx with one process, with `prompt.json` of 5 KB as a file.
    pub(crate) fn nginx(folder: &Path, upstream: &str) -> Option<Self> {
        let root = folder.join("nginx");
        std::fs::create_dir_all(root.join("www/v1")).unwrap();
        std::fs::write(root.join("www/v1/prompt.json"), "x".repeat(5000)).unwrap();
        let address = free_address();
        let folder = root.display();
        let configuration = format!(
            "worker_processes 1; master_process off; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; keepalive_requests 1000000000;\n\
             client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
             upstream api {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}\n\
             server {{ listen {address}; root {folder}/www;\n\
             location /v1/responses {{ proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}\n"
        );
        let path = root.join("nginx.conf");
        std::fs::write(&path, configuration).unwrap();
        // Debian keeps it where only the administrator looks for programs.
        let started = ["nginx", "/usr/sbin/nginx"].into_iter().find_map(|name| {
            let mut command = Command::new(name);
            command.arg("-p").arg(&root).arg("-c").arg(&path);
            command.stderr(Stdio::null()).spawn().ok()
        });
        Self::reached("nginx", started, address, Duration::from_secs(2))
    }

    /// LiteLLM's proxy with one worker, as its documentation starts it.
    pub(crate) fn litellm(folder: &Path, upstream: &str) -> Option<Self> {
        if crate::env::of_this_process("PROMPTCTL_BENCH_LITELLM").is_none() {
            println!(
                "LiteLLM is measured with PROMPTCTL_BENCH_LITELLM=1 alone: its rows are skipped"
            );
            return None;
        }
        let address = free_address();
        let configuration = format!(
            "model_list:\n- model_name: gpt-5-mini\n  litellm_params:\n    model: openai/gpt-5-mini\n    api_base: http://{upstream}/v1\n    api_key: sk-bench\ngeneral_settings:\n  dangerously_permit_weak_or_unset_master_key: true\n"
        );
        let path = folder.join("litellm.yaml");
        std::fs::write(&path, configuration).unwrap();
        let port = address.rsplit_once(':').unwrap().1;
        let mut command = Command::new("litellm");
        command.arg("--config").arg(&path);
        command.args(["--host", "127.0.0.1", "--port", port, "--num_workers", "1"]);
        command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self::reached(
            "LiteLLM",
            command.spawn().ok(),
            address,
            Duration::from_secs(120),
        )
    }

    fn reached(
        name: &str,
        started: Option<Child>,
        address: String,
        patience: Duration,
    ) -> Option<Self> {
        let Some(child) = started else {
            println!("{name} is not installed here: its rows are skipped");
            return None;
        };
        let rival = Self { child, address };
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if TcpStream::connect(&rival.address).is_ok() {
                return Some(rival);
            }
            thread::sleep(Duration::from_millis(10));
        }
        println!("{name} did not start here: its rows are skipped");
        None
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
