#pragma once
// Every setting of the daemon, its default beside it, and the one parser for file and command line.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

#include "api/principal.hpp"

namespace psmove::daemon {

enum class Tls : std::uint8_t { off, beyond_loopback, all };

struct Config {
  std::uint16_t port = 6683;
  /// Addresses to listen on; "unix:/path" is a Unix socket.
  std::vector<std::string> bind = {"127.0.0.1", "::1"};
  mode_t socket_mode = 0660;              ///< of a Unix socket's file
  std::string socket_group;               ///< its group, by name or number; empty: our own
  std::vector<std::string> socket_users;  ///< who need no token there even if require_token
  std::filesystem::path state_dir;  ///< names, numbers and calibrations; see default_state_dir()
  std::string simulate;             ///< emulated controllers, as --simulate takes them
  std::vector<std::filesystem::path> replay;  ///< recordings to play as controllers
  bool no_hardware = false;                   ///< leave real controllers alone
  bool auto_pair = true;                      ///< pair what is plugged in with this computer
  /// Which connections over TCP are encrypted; nothing: those beyond loopback, if there is a
  /// certificate.
  std::optional<Tls> tls;
  std::string tls_certificate;  ///< PEM file, or "self-signed": the one of --make-certificate
  std::string tls_key;          ///< PEM file
  bool advertise = true;        ///< tell the network, if it can reach us at all
  bool allow_unauthenticated = false;  ///< beyond loopback nobody needs a token
  bool token_requests = true;          ///< a press on a controller can grant a token
  bool require_token = false;          ///< on loopback everybody needs one as well
  std::string log_level = "info";      ///< debug, info, warning, error
  std::size_t log_burst = 50;          ///< equal lines within log_interval_s; 0: no limit
  unsigned log_interval_s = 30;
  std::vector<std::string> hosts;    ///< further names that clients may call this machine
  std::vector<std::string> origins;  ///< web origins, besides our own, that may talk to us
  std::size_t max_connections = 1024;
  double rumble_duty = 0.5;  ///< of full strength, in the mean, 0 to 1; 1: motors have no limit
  std::uint32_t rumble_window_s = 60;  ///< ... over this long, 1 to 3600
};

/// What the command line asked for.
enum class Action : std::uint8_t {
  run,
  check_config,
  create_token,
  make_certificate,
  stop_with_message
};

struct Parsed {
  Config config;
  Action action = Action::run;
  std::string token_name{};                      ///< for create_token
  api::Scope token_scope = api::Scope::outputs;  ///< the same
  std::vector<std::string> certificate_names{};  ///< for make_certificate; none: found out
  int exit_code = 0;    ///< for stop_with_message: 0 help and version, 64 usage, 78 configuration
  std::string message;  ///< one sentence, or the text of --help
};

/// Reads the command line, then the file it names (or the default one, if that exists); what the
/// command line says wins. Never throws; nothing is touched but the file.
Parsed parse_config(int argc, const char* const* argv);

/// The settings that differ and cannot change while the daemon runs, by name; they are put back to
/// what they are now.
std::vector<std::string> keep_what_needs_a_restart(const Config& now, Config& wanted);

/// Where the configuration lies unless --config says otherwise: psmoved.toml in
/// $CONFIGURATION_DIRECTORY, or in /etc/psmoved.
std::filesystem::path default_config_file();

/// $STATE_DIRECTORY (systemd), /var/lib/psmoved for root, else $XDG_STATE_HOME or ~/.local/state.
std::filesystem::path default_state_dir();

/// For tests and fuzzing: applies the text of a configuration file to `config`.
/// @return empty, or one sentence with the line, the key and what would be accepted
std::string apply_config_text(std::string_view text, const std::string& file_name, Config& config);

}  // namespace psmove::daemon
