#include "daemon/config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>
#include <unistd.h>
#include <utility>

// The parser's own assertions end the program at some broken texts that it then refuses all the
// same.
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "api/listener.hpp"
#include "api/tls.hpp"
#include "api/tokens.hpp"
#include "emulator/device_list.hpp"
#include "types/outputs.hpp"

namespace psmove::daemon {
namespace {

constexpr int exit_usage = 64;   // EX_USAGE of sysexits.h
constexpr int exit_config = 78;  // EX_CONFIG; the unit file tells systemd not to retry after it

constexpr std::array<std::string_view, 4> log_levels = {"debug", "info", "warning", "error"};

/// @return what is wrong with the first one that makes no sense, or nothing
std::string fault_of_addresses(const std::vector<std::string>& addresses) {
  for (const auto& address : addresses)
    if (auto wrong = api::fault_of_address(address); !wrong.empty()) return wrong;
  return {};
}

// ---- one line of the file

/// Assigns a node's value, or says what would have been accepted.
using Assign = std::function<std::string(const toml::node&, Config&)>;

struct Key {
  std::string_view name;
  Assign assign;
};

std::string assign_bool(const toml::node& node, bool& target) {
  const auto value = node.value_exact<bool>();
  if (!value) return "true or false";
  target = *value;
  return {};
}

template <class Number>
std::string assign_number(const toml::node& node, std::int64_t low, std::int64_t high,
                          Number& target) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < low || *value > high)
    return "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  target = static_cast<Number>(*value);
  return {};
}

std::string assign_text(const toml::node& node, std::string& target) {
  const auto value = node.value_exact<std::string>();
  if (!value) return "a text in quotes";
  target = *value;
  return {};
}

/// A list of texts, or one text alone.
template <class Text>
std::string assign_list(const toml::node& node, std::vector<Text>& target) {
  std::vector<Text> values;
  if (const auto one = node.value_exact<std::string>()) {
    values.emplace_back(*one);
  } else if (const toml::array* list = node.as_array()) {
    for (const toml::node& item : *list) {
      const auto text = item.value_exact<std::string>();
      if (!text) return "a list of texts, [\"…\", \"…\"]";
      values.emplace_back(*text);
    }
  } else {
    return "a text in quotes, or a list of them";
  }
  target = std::move(values);
  return {};
}

std::string assign_simulate(const toml::node& node, Config& config) {
  std::string list;
  if (auto wrong = assign_text(node, list); !wrong.empty()) return wrong;
  if (!list.empty())
    if (auto parsed = emulator::parse_device_list(list); !parsed.error.empty()) return parsed.error;
  config.simulate = std::move(list);
  return {};
}

std::string assign_log_level(const toml::node& node, Config& config) {
  std::string level;
  if (!assign_text(node, level).empty() ||
      std::find(log_levels.begin(), log_levels.end(), level) == log_levels.end())
    return "\"debug\", \"info\", \"warning\" or \"error\"";
  config.log_level = std::move(level);
  return {};
}

std::string assign_tls(const toml::node& node, Config& config) {
  std::string word;
  if (!assign_text(node, word).empty()) word = "?";
  if (word == "off")
    config.tls = Tls::off;
  else if (word == "beyond-loopback")
    config.tls = Tls::beyond_loopback;
  else if (word == "all")
    config.tls = Tls::all;
  else
    return "\"off\", \"beyond-loopback\" or \"all\"";
  return {};
}

std::string assign_bind(const toml::node& node, Config& config) {
  if (auto wrong = assign_list(node, config.bind); !wrong.empty()) return wrong;
  if (config.bind.empty()) return "at least one address";
  if (auto wrong = fault_of_addresses(config.bind); !wrong.empty()) return "addresses: " + wrong;
  return {};
}

/// Permissions as chmod takes them. As a text, because 660 is another number in decimal.
std::string assign_mode(const toml::node& node, mode_t& target) {
  constexpr std::string_view accepted = "an octal mode in quotes, like \"0660\"";
  constexpr std::size_t longest = 4;
  std::string text;
  if (!assign_text(node, text).empty() || text.size() < longest - 1 || text.size() > longest ||
      text.find_first_not_of("01234567") != std::string::npos ||
      (text.size() == longest && text.front() != '0'))
    return std::string(accepted);
  target = static_cast<mode_t>(std::stoul(text, nullptr, 8));
  return {};
}

std::string assign_state_dir(const toml::node& node, Config& config) {
  std::string path;
  if (auto wrong = assign_text(node, path); !wrong.empty()) return wrong;
  config.state_dir = path;
  return {};
}

std::string assign_rumble_duty(const toml::node& node, Config& config) {
  const auto value = node.value<double>();  // 1 as well as 1.0
  if (!node.is_number() || !value || !(*value >= 0 && *value <= 1))
    return "a number from 0 to 1, like 0.5; 1 for no limit";
  config.rumble_duty = *value;
  return {};
}

const std::vector<Key>& keys() {
  static const std::vector<Key> all = {
      {"port", [](const auto& n, Config& c) { return assign_number(n, 0, 65535, c.port); }},
      {"bind", assign_bind},
      {"socket_mode", [](const auto& n, Config& c) { return assign_mode(n, c.socket_mode); }},
      {"socket_group", [](const auto& n, Config& c) { return assign_text(n, c.socket_group); }},
      {"socket_users", [](const auto& n, Config& c) { return assign_list(n, c.socket_users); }},
      {"state_dir", assign_state_dir},
      {"simulate", assign_simulate},
      {"replay", [](const auto& n, Config& c) { return assign_list(n, c.replay); }},
      {"no_hardware", [](const auto& n, Config& c) { return assign_bool(n, c.no_hardware); }},
      {"auto_pair", [](const auto& n, Config& c) { return assign_bool(n, c.auto_pair); }},
      {"advertise", [](const auto& n, Config& c) { return assign_bool(n, c.advertise); }},
      {"tls", assign_tls},
      {"tls_certificate",
       [](const auto& n, Config& c) { return assign_text(n, c.tls_certificate); }},
      {"tls_key", [](const auto& n, Config& c) { return assign_text(n, c.tls_key); }},
      {"allow_unauthenticated",
       [](const auto& n, Config& c) { return assign_bool(n, c.allow_unauthenticated); }},
      {"require_token", [](const auto& n, Config& c) { return assign_bool(n, c.require_token); }},
      {"token_requests", [](const auto& n, Config& c) { return assign_bool(n, c.token_requests); }},
      {"log_level", assign_log_level},
      {"log_burst",
       [](const auto& n, Config& c) { return assign_number(n, 0, 1000000, c.log_burst); }},
      {"log_interval_s",
       [](const auto& n, Config& c) { return assign_number(n, 1, 86400, c.log_interval_s); }},
      {"hosts", [](const auto& n, Config& c) { return assign_list(n, c.hosts); }},
      {"origins", [](const auto& n, Config& c) { return assign_list(n, c.origins); }},
      {"rumble_duty", assign_rumble_duty},
      {"rumble_window_s",
       [](const auto& n, Config& c) {
         return assign_number(n, shortest_rumble_window.count(), longest_rumble_window.count(),
                              c.rumble_window_s);
       }},
      {"max_connections",
       [](const auto& n, Config& c) { return assign_number(n, 4, 65536, c.max_connections); }},
  };
  return all;
}

std::string key_names() {
  std::string names;
  for (const Key& key : keys()) names += (names.empty() ? "" : ", ") + std::string(key.name);
  return names;
}

std::string at_line(const std::string& file, const toml::source_region& where) {
  return file + " line " + std::to_string(where.begin.line) + ": ";
}

/// toml++ 3.3 runs into undefined behaviour at some characters beyond ASCII where it looks for
/// white space, so it sees them in comments only; a text can have them as \u escapes.
/// @return the line of the first such character, of a control character, or of a multi-line string,
///     which no key needs; 0: none
int line_it_cannot_read(std::string_view text) {
  int line = 1;
  char quote = 0;
  bool is_comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\n' && c != '\r' && c != '\t') || code == 0x7F) return line;
    if (c == '\n') {
      ++line;
      quote = 0;
      is_comment = false;
    } else if (is_comment) {
      continue;
    } else if (code >= 0x80 || text.substr(i, 3) == "\"\"\"" || text.substr(i, 3) == "'''") {
      return line;
    } else if (quote != 0) {
      if (c == '\\' && quote == '"') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      is_comment = true;
    }
  }
  return 0;
}

std::string read_file(const std::filesystem::path& path, std::string& text) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "cannot read " + path.string() + ": " + std::strerror(errno);
  std::ostringstream all;
  all << file.rdbuf();
  text = std::move(all).str();
  return {};
}

// ---- the command line

/// The command line as CLI11 fills it; only what was given replaces what the file says.
struct Line {
  std::string config_file;
  Config given;
  std::vector<std::string> replay;
  std::string state_dir;
  std::string create_token;
  std::vector<std::string> certificate_names;
  bool check = false, version = false;
};

void declare(CLI::App& app, Line& line) {
  // A wrapper's option may be overruled by one that comes later.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--config", line.config_file, "Configuration file (TOML)")->type_name("FILE");
  app.add_option("--port", line.given.port, "TCP port, 0 for any free one (default 6683)")
      ->type_name("N");
  app.add_option("--bind", line.given.bind,
                 "Address to listen on, or unix:/PATH; may be repeated (default loopback)")
      ->type_name("ADDR")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_option("--state-dir", line.state_dir, "Where names, numbers and calibrations are kept")
      ->type_name("DIR");
  app.add_option("--simulate", line.given.simulate,
                 "Emulated controllers, like zcm1:motion=wave:name=left,zcm2 or 7xzcm1")
      ->type_name("LIST");
  app.add_option("--replay", line.replay, "Play a recording as a controller; may be repeated")
      ->type_name("FILE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  app.add_flag("--no-hardware", line.given.no_hardware, "Leave real controllers alone");
  app.add_flag("!--no-auto-pair", line.given.auto_pair,
               "Wait to be asked before a controller on the cable is paired");
  app.add_flag("!--no-advertise", line.given.advertise,
               "Beyond loopback, do not tell the network that psmoved is here");
  app.add_flag("--allow-unauthenticated", line.given.allow_unauthenticated,
               "Beyond loopback nobody needs a token: anybody there can use the controllers");
  app.add_flag("--require-token", line.given.require_token,
               "On this machine everybody needs a token as well");
  app.add_flag("!--no-token-requests", line.given.token_requests,
               "No token is granted by a press on a controller");
  app.add_option("--rumble-duty", line.given.rumble_duty,
                 "How much motors may run in the mean, 0 to 1 of full strength (default 0.5)")
      ->type_name("PART")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--create-token", line.create_token,
                 "Make an access token, print it once, and exit; scopes are read, outputs (the "
                 "default) and admin")
      ->type_name("NAME[:SCOPES]");
  app.add_option("--make-certificate", line.certificate_names,
                 "Make a certificate for this machine that is signed by itself, print its "
                 "fingerprint, and exit; names and addresses are found out unless given")
      ->type_name("[NAME...]")
      ->expected(0, -1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--log-level", line.given.log_level, "debug, info (default), warning or error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember(std::vector<std::string>(log_levels.begin(), log_levels.end())));
  app.add_flag("--check-config", line.check, "Check the configuration and exit");
  app.add_flag("--version", line.version, "Show the version and exit");
}

/// Lays what the command line gave over what the file said.
void overlay(const CLI::App& app, const Line& line, Config& config) {
  const auto given = [&](const char* option) { return app.count(option) > 0; };
  if (given("--port")) config.port = line.given.port;
  if (given("--bind")) config.bind = line.given.bind;
  if (given("--state-dir")) config.state_dir = line.state_dir;
  if (given("--simulate")) config.simulate = line.given.simulate;
  if (given("--replay")) config.replay = {line.replay.begin(), line.replay.end()};
  if (given("--no-hardware")) config.no_hardware = true;
  if (given("--no-auto-pair")) config.auto_pair = false;
  if (given("--no-advertise")) config.advertise = false;
  if (given("--allow-unauthenticated")) config.allow_unauthenticated = true;
  if (given("--require-token")) config.require_token = true;
  if (given("--no-token-requests")) config.token_requests = false;
  if (given("--rumble-duty")) config.rumble_duty = line.given.rumble_duty;
  if (given("--log-level")) config.log_level = line.given.log_level;
}

/// NAME[:SCOPES]. @return what is wrong with it, or nothing
std::string read_token_wish(std::string_view wish, Parsed& parsed) {
  const auto colon = wish.rfind(':');
  const auto name = wish.substr(0, colon);
  if (!api::is_token_name(name)) return "a name has 1 to 64 characters, and no space at either end";
  if (colon != std::string_view::npos) {
    parsed.token_scope = api::Scope::open;
    for (auto rest = wish.substr(colon + 1); !rest.empty();) {
      const auto word = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
      const auto scope = api::parse_scope(word);
      if (!scope)
        return "\"" + std::string(word) +
               "\" is no scope: use read, outputs or admin, or several "
               "with commas between them";
      parsed.token_scope = std::max(parsed.token_scope, *scope);
    }
    if (parsed.token_scope == api::Scope::open)
      return "a scope is missing after the colon: read, outputs or admin";
  }
  parsed.token_name = name;
  parsed.action = Action::create_token;
  return {};
}

Parsed stop(int exit_code, std::string message) {
  return {.config = {},
          .action = Action::stop_with_message,
          .exit_code = exit_code,
          .message = std::move(message)};
}

}  // namespace

std::string apply_config_text(std::string_view text, const std::string& file_name, Config& config) {
  if (const int line = line_it_cannot_read(text); line != 0)
    return file_name + " line " + std::to_string(line) +
           ": characters beyond ASCII are taken in comments only (in a text write \\u00fc for ü), "
           "control "
           "characters nowhere, and a text ends on its line";
  toml::table table;
  try {
    table = toml::parse(text, file_name);
  } catch (const toml::parse_error& error) {
    return at_line(file_name, error.source()) + std::string(error.description());
  }
  Config changed = config;
  for (const auto& [name, node] : table) {
    const auto key =
        std::find_if(keys().begin(), keys().end(),
                     [&, wanted = name.str()](const Key& k) { return k.name == wanted; });
    const std::string where = at_line(file_name, node.source());
    if (key == keys().end())
      return where + "unknown key \"" + std::string(name.str()) + "\"; known are " + key_names();
    if (const std::string accepted = key->assign(node, changed); !accepted.empty())
      return where + std::string(name.str()) + " takes " + accepted;
  }
  config = std::move(changed);
  return {};
}

Parsed parse_config(int argc, const char* const* argv) {
  CLI::App app("psmoved puts PlayStation Move controllers on the network: REST and a WebSocket.",
               "psmoved");
  Line line;
  declare(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return stop(0, app.help());
  } catch (const CLI::ParseError& error) {
    return stop(exit_usage, std::string("psmoved: ") + error.what() + " (see psmoved --help)");
  }
  if (line.version) return stop(0, "psmoved " PSMOVED_VERSION);

  Parsed parsed;
  parsed.config.state_dir = default_state_dir();
  const bool named = app.count("--config") > 0;
  const auto file = named ? std::filesystem::path(line.config_file) : default_config_file();
  std::error_code ignored;
  if (named || std::filesystem::exists(file, ignored)) {
    std::string text;
    std::string wrong = read_file(file, text);
    if (wrong.empty()) wrong = apply_config_text(text, file.string(), parsed.config);
    if (!wrong.empty()) return stop(exit_config, "psmoved: " + wrong);
  }
  overlay(app, line, parsed.config);
  if (!parsed.config.simulate.empty()) {
    const auto devices = emulator::parse_device_list(parsed.config.simulate);
    if (!devices.error.empty()) return stop(exit_usage, "psmoved: --simulate: " + devices.error);
  }
  if (const auto wrong = fault_of_addresses(parsed.config.bind); !wrong.empty())
    return stop(exit_usage, "psmoved: --bind: " + wrong);
  if (line.check) parsed.action = Action::check_config;
  if (app.count("--create-token") > 0)
    if (const std::string wrong = read_token_wish(line.create_token, parsed); !wrong.empty())
      return stop(exit_usage, "psmoved: --create-token: " + wrong);
  if (app.count("--make-certificate") > 0) {
    parsed.action = Action::make_certificate;
    for (const auto& name : line.certificate_names) {
      if (name.empty()) continue;  // what CLI11 gives where there is none
      if (!api::is_certificate_name(name))
        return stop(exit_usage, "psmoved: --make-certificate: \"" + name +
                                    "\" is neither a host name nor an address");
      parsed.certificate_names.push_back(name);
    }
  }
  return parsed;
}

std::vector<std::string> keep_what_needs_a_restart(const Config& now, Config& wanted) {
  std::vector<std::string> names;
  const auto keep = [&](const char* name, auto Config::*setting) {
    if (now.*setting == wanted.*setting) return;
    wanted.*setting = now.*setting;
    names.emplace_back(name);
  };
  keep("port", &Config::port);
  keep("bind", &Config::bind);
  keep("socket_mode", &Config::socket_mode);
  keep("socket_group", &Config::socket_group);
  keep("state_dir", &Config::state_dir);
  keep("simulate", &Config::simulate);
  keep("replay", &Config::replay);
  keep("no_hardware", &Config::no_hardware);
  return names;
}

std::filesystem::path default_config_file() {
  const char* directory = std::getenv("CONFIGURATION_DIRECTORY");
  return std::filesystem::path(directory != nullptr ? directory : "/etc/psmoved") / "psmoved.toml";
}

std::filesystem::path default_state_dir() {
  if (const char* systemd = std::getenv("STATE_DIRECTORY")) return systemd;
  if (::geteuid() == 0) return "/var/lib/psmoved";
  if (const char* xdg = std::getenv("XDG_STATE_HOME"))
    return std::filesystem::path(xdg) / "psmoved";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/tmp") / ".local/state/psmoved";
}

}  // namespace psmove::daemon
