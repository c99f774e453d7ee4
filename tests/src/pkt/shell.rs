//! Shell text of scripts: never executed, but read for what it would have set.

use super::ast::{Action, Script};
use super::tuning::{Profile, Tuning};

/// What a line of shell text asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// A system control.
    Control(String, String),
    /// The usual defaults of a system.
    Defaults(Profile),
    /// Nothing that is sent arrives.
    Discard,
    /// The connection is in the state with this name.
    State(String),
    /// So many microseconds pass.
    Sleep(i64),
}

/// Shell text before anything else happens, and the lines where it stands: what comes before the
/// first event, and the events that are nothing but such text.
pub fn leading(script: &Script) -> impl Iterator<Item = (usize, &str)> {
    let init = script.init.iter();
    let init = init.map(|shell| (shell.line, shell.text.as_str()));
    init.chain(script.events.iter().map_while(|event| match &event.action {
        Action::Shell(text) => Some((event.line, text.as_str())),
        Action::Packet(_) | Action::Call(_) | Action::Code(_) => None,
    }))
}

/// Reads shell text.
///
/// # Errors
/// The command that is not known.
pub fn wishes(text: &str) -> Result<Vec<Wish>, String> {
    let joined = text.replace("\\\n", " ");
    let commands = joined
        .split(['\n', ';'])
        .flat_map(|line| line.split("&&"))
        .map(str::trim)
        .filter(|command| !command.is_empty() && !command.starts_with('#'));
    let mut all = Vec::new();
    for command in commands {
        of_command(command, &mut all).ok_or_else(|| format!("`{command}`"))?;
    }
    Ok(all)
}

fn of_command(command: &str, all: &mut Vec<Wish>) -> Option<()> {
    let without_output = command
        .split(" > /dev/null")
        .next()
        .and_then(|command| command.split(" >/dev/null").next())?
        .trim_end_matches(" 2>&1");
    let words: Vec<_> = without_output.split_whitespace().collect();
    let (&program, rest) = words.split_first()?;
    let name = program.rsplit('/').next()?;
    match name {
        "defaults.sh" => all.push(Wish::Defaults(Profile::Linux)),
        "sysctl" => of_sysctl(rest, all)?,
        "set_sysctls.py" => {
            for word in rest {
                let (path, value) = word.split_once('=')?;
                let path = path.trim_start_matches("/proc/sys/").replace('/', ".");
                all.push(Wish::Control(path, value.trim_matches('"').to_owned()));
            }
        }
        "tc" => of_tc(rest, all)?,
        "sockstat" => all.push(Wish::State(of_sockstat(without_output)?)),
        "sleep" => {
            let seconds: f64 = rest.first()?.parse().ok()?;
            #[expect(clippy::cast_possible_truncation, reason = "a time")]
            let us = (seconds * 1e6) as i64;
            all.push(Wish::Sleep(us));
        }
        "true" | "sync" | "modprobe" | "kldload" | "kldstat" | "ethtool" => {}
        // Restoring what a script set.
        name if name.starts_with("sysctl_restore_") => {}
        _ => return None,
    }
    Some(())
}

/// `-q`, `-w` and the like, then `name=value`; a value with blanks stands in quotation marks.
fn of_sysctl(words: &[&str], all: &mut Vec<Wish>) -> Option<()> {
    let text = words.join(" ");
    let mut rest = text.trim();
    while let Some((_, after)) = rest
        .split_once(' ')
        .filter(|(word, _)| word.starts_with('-'))
    {
        rest = after.trim_start();
    }
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.trim().trim_matches(['"', '\'']);
        let after = after.trim_start();
        let (value, left) = match after.chars().next() {
            Some(mark @ ('"' | '\'')) => after[1..].split_once(mark)?,
            _ if name.ends_with("mem") => (after, ""),
            _ => after.split_once(' ').unwrap_or((after, "")),
        };
        let value = value.trim_matches(['"', '\'']).to_owned();
        all.push(Wish::Control(name.to_owned(), value));
        rest = left.trim_start();
    }
    Some(())
}

/// Queues that hold everything, and the one that holds nothing.
fn of_tc(words: &[&str], all: &mut Vec<Wish>) -> Option<()> {
    let has = |word: &str| words.contains(&word);
    if has("pfifo") && has("limit") && has("0") {
        all.push(Wish::Discard);
    } else if !(has("qdisc") && (has("fq") || has("pfifo") || has("fq_codel") || has("del"))) {
        return None;
    }
    Some(())
}

/// `sockstat ... | grep STATE`.
fn of_sockstat(command: &str) -> Option<String> {
    let (_, grep) = command.rsplit_once("grep")?;
    let word = grep
        .split_whitespace()
        .find(|word| !word.starts_with('-'))?;
    Some(word.trim_matches(['"', '\'']).to_owned())
}

impl Wish {
    /// Changes the settings as the wish says.
    ///
    /// # Errors
    /// A system control that is not known.
    pub fn apply(&self, tuning: &mut Tuning) -> Result<(), String> {
        match self {
            Self::State(_) | Self::Sleep(_) => Ok(()),
            Self::Control(name, value) => tuning.control(name, value),
            Self::Defaults(profile) => {
                if tuning.profile != *profile {
                    *tuning = Tuning::of(*profile);
                }
                Ok(())
            }
            Self::Discard => {
                tuning.discards = true;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(name: &str, value: &str) -> Wish {
        Wish::Control(name.into(), value.into())
    }

    #[test]
    fn system_controls_are_read_in_all_their_forms() {
        let expected = vec![control("net.ipv4.tcp_sack", "0")];
        for text in [
            "sysctl -q net.ipv4.tcp_sack=0",
            "sysctl -w net.ipv4.tcp_sack=0",
            "sysctl net.ipv4.tcp_sack=0 > /dev/null",
            "../common/set_sysctls.py /proc/sys/net/ipv4/tcp_sack=0",
            "sysctl -q 'net.ipv4.tcp_sack'=0\n",
        ] {
            assert_eq!(wishes(text), Ok(expected.clone()), "{text}");
        }
        let text = "sysctl -q net.ipv4.tcp_rmem=\"4096 131072 1048576\" net.ipv4.tcp_sack=0";
        let expected = vec![
            control("net.ipv4.tcp_rmem", "4096 131072 1048576"),
            control("net.ipv4.tcp_sack", "0"),
        ];
        assert_eq!(wishes(text), Ok(expected));
    }

    #[test]
    fn other_commands_are_not_known() {
        assert!(wishes("rm -rf /").is_err());
        assert!(wishes("tc qdisc add dev tun0 root netem loss 10%").is_err());
        assert_eq!(
            wishes("tc qdisc replace dev tun0 root pfifo limit 0"),
            Ok(vec![Wish::Discard])
        );
        assert_eq!(
            wishes("sockstat -sP tcp | grep TIME_WAIT"),
            Ok(vec![Wish::State("TIME_WAIT".into())])
        );
    }
}
