// psmoved: reads the configuration, builds the parts, runs them.

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>

#include "api/access.hpp"
#include "api/listener.hpp"
#include "api/server.hpp"
#include "api/tokens.hpp"
#include "daemon/advertisement.hpp"
#include "daemon/certificate.hpp"
#include "daemon/config.hpp"
#include "daemon/listening.hpp"
#include "daemon/log.hpp"
#include "daemon/service.hpp"
#include "daemon/state_file.hpp"
#include "daemon/token_file.hpp"
#include "drivers/linux/bluez.hpp"
#include "drivers/linux/bluez_helper.hpp"
#include "drivers/linux/hotplug.hpp"
#include "drivers/pairings.hpp"
#include "drivers/replay/replay.hpp"
#include "drivers/roster.hpp"
#include "drivers/simulation.hpp"

namespace psmove::daemon {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int exit_failure = 1;
constexpr int exit_config = 78;

/// Where systemd listens on behalf of psmoved-bluez.
constexpr const char* helper_socket = "/run/psmoved-bluez.socket";

/// Where it listens on behalf of the service, and where the service keeps its state.
constexpr const char* service_socket = "/run/psmoved/psmoved.sock";
constexpr const char* service_state_dir = "/var/lib/psmoved";

/// How long controllers get to be told to go dark, and then clients to take their leave: the whole
/// stop stays under two seconds.
constexpr auto dark_patience = 600ms;
constexpr auto goodbye_patience = 1000ms;

int fail(int code, const std::string& sentence) {
  std::fprintf(stderr, "psmoved: %s\n", sentence.c_str());
  return code;
}

/// Writes the roster whenever it changes: at once, so that the death of this process loses nothing;
/// the wait for the disk goes to the pool, one at a time.
class StateKeeper {
 public:
  StateKeeper(StateFile& file, drivers::Roster& roster, asio::io_context& io,
              asio::thread_pool& pool)
      : file_(file), roster_(roster), io_(io), pool_(pool) {
    roster_.on_change([this] { save(); });
  }
  ~StateKeeper() { roster_.on_change({}); }
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

 private:
  void save() {
    if (const std::string wrong = file_.save(roster_.remembered()); !wrong.empty())
      spdlog::error("names and numbers could not be saved error=\"{}\"", wrong);
    flush_again_ = true;
    flush();
  }
  void flush() {
    if (is_flushing_ || !std::exchange(flush_again_, false)) return;
    is_flushing_ = true;
    asio::post(pool_, [this] {
      file_.flush();
      asio::post(io_, [this] {
        is_flushing_ = false;
        flush();
      });
    });
  }

  StateFile& file_;
  drivers::Roster& roster_;
  asio::io_context& io_;
  asio::thread_pool& pool_;
  bool is_flushing_ = false;
  bool flush_again_ = false;
};

/// Everything dark, then stop: waits until each controller was told, or the time is up.
asio::awaitable<void> go_dark(drivers::Roster& roster) {
  for (const auto& controller : roster.all()) controller->go_dark();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (auto waited = 0ms; waited < dark_patience; waited += 10ms) {
    bool settled = true;
    for (const auto& controller : roster.all()) settled &= controller->outputs_are_settled();
    if (settled) co_return;
    timer.expires_after(10ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

std::string describe(const api::ServerConfig& config, std::uint16_t port) {
  if (!config.inherited.empty()) return "sockets from systemd";
  const auto scheme = [&config](const std::string& address) {
    const bool is_encrypted =
        config.tls && (config.tls_on_loopback || !api::is_loopback_name(address));
    return std::string(is_encrypted ? "https://" : "http://");
  };
  std::string text;
  for (const auto& address : config.bind) {
    const bool is_v6 = address.find(':') != std::string::npos;
    if (!text.empty()) text += ' ';
    if (api::socket_path(address))
      text += address;
    else
      text +=
          scheme(address) + (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
  }
  return text;
}

std::string why_not_listening(const boost::system::system_error& error, std::uint16_t port) {
  if (error.code() != boost::system::errc::address_in_use) return error.what();
  const auto owner = port_owner(port);
  return "port " + std::to_string(port) + " is taken" + (owner ? " by " + *owner : "") +
         "; stop that, or choose another with --port";
}

api::ServerConfig server_config(const Config& config, const SocketAccess& access,
                                const api::LoadedTls& encryption, std::vector<int> inherited) {
  api::ServerConfig server;
  server.tls = encryption.context;
  server.tls_on_loopback = config.tls == Tls::all;
  server.port = config.port;
  server.bind = config.bind;
  server.inherited = std::move(inherited);
  server.hosts = config.hosts;
  server.origins = config.origins;
  server.limits.connections = config.max_connections;
  server.token_requests = config.token_requests;
  server.socket_file = {.mode = config.socket_mode, .group = access.group};
  server.trusted_users = access.trusted_users;
  server.needs_token_here = config.require_token;
  server.needs_token_beyond = !config.allow_unauthenticated;
  return server;
}

/// Those of the file and those of the service's credentials.
ReadTokens load_tokens(const TokenFile& file) {
  ReadTokens all = file.load();
  if (!all.wrong.empty()) return all;
  ReadTokens given = load_credential();
  if (!given.wrong.empty()) return given;
  for (auto& token : given.tokens) {
    const auto same = std::find_if(all.tokens.begin(), all.tokens.end(), [&](const auto& known) {
      return known.name == token.name || known.hash == token.hash;
    });
    if (same != all.tokens.end())
      return {.tokens = {},
              .wrong = "the credential's token \"" + token.name +
                       "\" has the name or the secret of one in " + file.path().string() +
                       ": rename it in the credential, or revoke the other"};
    all.tokens.push_back(std::move(token));
  }
  return all;
}

/// Before the first start beyond loopback, when no daemon runs that could be asked.
int create_token(const Parsed& parsed) {
  const auto& directory = parsed.config.state_dir;
  if (const std::string wrong = StateFile(directory).prepare(); !wrong.empty())
    return fail(exit_failure, wrong);
  TokenFile file(directory);
  if (!file.lock())
    return fail(exit_failure, "psmoved runs with the state directory " + directory.string() +
                                  "; ask it: psmovectl token create NAME");
  ReadTokens known = load_tokens(file);
  if (!known.wrong.empty()) return fail(exit_config, known.wrong);
  api::Tokens tokens([&file](const auto& all) { return file.save(all); });
  tokens.restore(std::move(known.tokens));
  const auto secret =
      tokens.create(parsed.token_name, parsed.token_scope, drivers::UnixClock().now_us());
  if (!secret) return fail(exit_failure, secret.error().detail);
  std::puts(secret->c_str());
  return 0;
}

int make_certificate(const Parsed& parsed) {
  const auto& directory = parsed.config.state_dir;
  if (const std::string wrong = StateFile(directory).prepare(); !wrong.empty())
    return fail(exit_failure, wrong);
  const auto names = parsed.certificate_names.empty() ? own_names() : parsed.certificate_names;
  const auto made = make_self_signed(directory, names);
  if (!made.wrong.empty()) return fail(exit_failure, made.wrong);
  std::printf("certificate  %s\nSHA-256      %s\nfor         ", made.path.c_str(),
              made.fingerprint.c_str());
  for (const auto& name : names) std::printf(" %s", name.c_str());
  std::puts("");
  return 0;
}

void log_encryption(const Config& config, const api::LoadedTls& encryption) {
  if (!encryption.context) return;
  spdlog::info("connections are encrypted which={} certificate_sha256={}",
               config.tls == Tls::all ? "all" : "beyond-loopback", encryption.fingerprint);
  if (!encryption.warning.empty()) spdlog::warn("{}", encryption.warning);
}

void warn_of_strangers(const Config& config, const std::vector<int>& inherited) {
  if (config.allow_unauthenticated && is_exposed(config, inherited))
    spdlog::warn(
        "ANYBODY who can reach this machine can use the controllers: listening beyond "
        "loopback without authentication, as told");
}

/// @return why this configuration may not be listened with, or nothing
std::string judge_exposure(const Config& config, const std::vector<int>& inherited,
                           bool has_tokens) {
  // Over a Unix socket root can still make one.
  if (config.require_token && !has_tokens && !has_unix_socket(config, inherited))
    return "require_token is set and there is no token, so nobody could use psmoved; make one "
           "with psmoved --create-token NAME:admin";
  if (has_tokens || config.allow_unauthenticated || !is_exposed(config, inherited)) return {};
  return "refuses to listen beyond this machine without access tokens: anybody there could use "
         "the controllers. Make a token with psmoved --create-token NAME (or, while psmoved "
         "listens on loopback alone, psmovectl token create NAME), or say --allow-unauthenticated";
}

LogSettings log_settings(const Config& config) {
  return {.level = config.log_level,
          .burst = config.log_burst,
          .interval = std::chrono::seconds(config.log_interval_s)};
}

RumbleLimit rumble_limit(const Config& config) {
  return {.duty = config.rumble_duty, .window = std::chrono::seconds(config.rumble_window_s)};
}

/// What runs, as far as a reload can change it.
struct Running {
  Config config;
  std::vector<int> inherited;
  TokenFile& token_file;
  api::Tokens& tokens;
  drivers::Roster& roster;
  drivers::Pairings& pairings;
  api::Server& server;
  api::ServerConfig serving;  ///< what the settings say
  std::string host_name{};    ///< by which the network finds this machine; empty: not known
};

/// Others may call this machine by the name that Avahi found for it.
api::ServerConfig as_found_on_the_network(api::ServerConfig server, const std::string& host_name) {
  if (!host_name.empty()) server.hosts.push_back(host_name);
  return server;
}

/// Tells the network of us if it can reach us, and if that is wanted.
void advertise(const Running& running, bool is_encrypted, Advertisement& advertisement) {
  const Config& config = running.config;
  if (config.advertise && is_exposed(config, running.inherited) && running.server.port() != 0)
    advertisement.publish({.port = running.server.port(),
                           .is_encrypted = is_encrypted,
                           .needs_token = !config.allow_unauthenticated});
  else
    advertisement.withdraw();
}

/// Reads the configuration again. Nothing changes unless all of it can be used.
/// @return what is wrong with it, or nothing
std::string reload(int argc, const char* const* argv, Running& running,
                   Advertisement& advertisement) {
  Parsed parsed = parse_config(argc, argv);
  if (parsed.action == Action::stop_with_message) return parsed.message;
  Config& wanted = parsed.config;
  const auto kept = keep_what_needs_a_restart(running.config, wanted);
  const SocketAccess access = socket_access(wanted);
  if (!access.wrong.empty()) return access.wrong;
  const api::LoadedTls encryption = load_encryption(wanted);
  if (!encryption.wrong.empty()) return encryption.wrong;
  ReadTokens known = load_tokens(running.token_file);
  if (!known.wrong.empty()) return known.wrong;
  if (std::string wrong = judge_exposure(wanted, running.inherited, !known.tokens.empty());
      !wrong.empty())
    return wrong;

  change_log(log_settings(wanted));
  warn_of_strangers(wanted, running.inherited);
  running.pairings.set_automatic(wanted.auto_pair);
  running.roster.set_default_rumble_limit(rumble_limit(wanted));
  running.serving = server_config(wanted, access, encryption, running.inherited);
  running.server.apply(as_found_on_the_network(running.serving, running.host_name));
  running.tokens.replace(std::move(known.tokens));
  log_encryption(wanted, encryption);
  running.config = std::move(wanted);
  advertise(running, encryption.context != nullptr, advertisement);
  for (const auto& name : kept)
    spdlog::warn("this setting changes with a restart only setting={}", name);
  spdlog::info("the configuration was reloaded");
  return {};
}

int run(const Config& config, int argc, const char* const* argv) {
  set_up_log(log_settings(config));
  raise_file_limit();
  StateFile state_file(config.state_dir);
  if (const std::string wrong = state_file.prepare(); !wrong.empty())
    return fail(exit_failure, wrong);
  TokenFile token_file(config.state_dir);
  if (!token_file.lock())
    spdlog::warn(
        "another psmoved uses the same state directory; what one saves the other may undo");
  ReadTokens known_tokens = load_tokens(token_file);
  if (!known_tokens.wrong.empty()) return fail(exit_config, known_tokens.wrong);
  api::Tokens tokens([&token_file](const auto& all) { return token_file.save(all); });
  tokens.restore(std::move(known_tokens.tokens));
  const auto inherited = inherited_sockets();
  if (const std::string wrong = judge_exposure(config, inherited, !tokens.all().empty());
      !wrong.empty())
    return fail(exit_config, wrong);
  warn_of_strangers(config, inherited);
  const SocketAccess access = socket_access(config);
  if (!access.wrong.empty()) return fail(exit_config, access.wrong);
  const api::LoadedTls encryption = load_encryption(config);
  if (!encryption.wrong.empty()) return fail(exit_config, encryption.wrong);
  log_encryption(config, encryption);

  drivers::UnixClock clock;
  drivers::Roster roster(clock);
  roster.set_default_rumble_limit(rumble_limit(config));
  roster.restore(state_file.load());
  asio::thread_pool pool(4);
  asio::io_context io(1);
  const LogSummaries summaries(io);
  StateKeeper keeper(state_file, roster, io, pool);

  drivers::Bluez bluez(io);
  drivers::BluezHelper helper(pool, helper_socket);
  const bool has_hardware = !config.no_hardware;
  drivers::Pairings pairings(io, roster, has_hardware ? &bluez : nullptr,
                             has_hardware ? &helper : nullptr, {.automatic = config.auto_pair});
  drivers::HotplugMonitor hotplug(io, pool, roster);
  api::ServerConfig serving = server_config(config, access, encryption, inherited);
  if (has_hardware) serving.bluez = &bluez;
  if (has_hardware) serving.not_ready = [&hotplug] { return hotplug.why_not(); };
  serving.pairings = &pairings;
  serving.tokens = &tokens;
  serving.log = &log_counts();
  std::unique_ptr<api::Server> server;
  try {
    server = std::make_unique<api::Server>(io, roster, serving);
  } catch (const boost::system::system_error& error) {
    return fail(exit_failure, why_not_listening(error, config.port));
  } catch (const std::runtime_error& error) {
    return fail(exit_failure, error.what());
  }

  if (has_hardware) {
    try {
      bluez.start();
      pairings.start();
      hotplug.start();
    } catch (const boost::system::system_error& error) {
      return fail(exit_failure, std::string("cannot watch for controllers: ") + error.what());
    }
  }
  for (const auto& device : emulator::parse_device_list(config.simulate).devices)
    asio::co_spawn(io, drivers::run_simulation(roster, device), asio::detached);
  for (const auto& path : config.replay)
    if (const std::string wrong = drivers::start_replay(io, roster, path); !wrong.empty())
      return fail(exit_failure, wrong);

  const auto stop = [&] {
    hotplug.stop();
    pairings.stop();
    bluez.stop();
    asio::co_spawn(io, go_dark(roster), [&](const std::exception_ptr&) {
      server->stop(goodbye_patience, [&] { io.stop(); });
    });
  };
  Running running{config, inherited, token_file, tokens, roster, pairings, *server, serving};
  Advertisement advertisement(io, [&running](const std::string& host_name) {
    running.host_name = host_name;
    running.server.apply(as_found_on_the_network(running.serving, host_name));
  });
  Service service(io, stop, [&] {
    if (const std::string wrong = reload(argc, argv, running, advertisement); !wrong.empty())
      spdlog::error("the configuration was not reloaded, and nothing has changed error=\"{}\"",
                    wrong);
  });
  server->start();
  spdlog::info("listening {}", describe(serving, server->port()));
  advertise(running, encryption.context != nullptr, advertisement);
  service.ready("Serving PlayStation Move controllers");
  io.run();
  roster.changed();           // what the filters learned since
  if (!tokens.all().empty())  // and when each token was used last
    if (const std::string wrong = tokens.save(); !wrong.empty())
      spdlog::warn("when tokens were used could not be saved error=\"{}\"", wrong);
  service.finish();
  server.reset();
  pool.join();
  spdlog::info("stopped");
  return 0;
}

/// Says what a start would stumble over, and touches nothing.
int check_config(const Config& config) {
  namespace fs = std::filesystem;
  std::error_code hidden;
  // An ordinary user means the service, where there is one, and not a start of their own.
  const bool is_the_services = ::geteuid() != 0 && config.state_dir == default_state_dir() &&
                               fs::is_directory(service_state_dir, hidden);
  const TokenFile token_file(is_the_services ? service_state_dir : config.state_dir);
  // Its directory may be for its owner alone, and then it cannot even be said whether it is there.
  const bool may_look = ::access(token_file.path().c_str(), R_OK) == 0 || errno != EACCES;
  const bool has_sockets_from_systemd = fs::is_socket(service_socket, hidden);
  if (may_look) {
    const ReadTokens known = load_tokens(token_file);
    if (!known.wrong.empty()) return fail(exit_config, known.wrong);
    const std::string wrong = judge_exposure(config, {}, !known.tokens.empty());
    if (!wrong.empty() && !has_sockets_from_systemd) return fail(exit_config, wrong);
  }
  if (const auto access = socket_access(config); !access.wrong.empty())
    return fail(exit_config, access.wrong);
  if (const auto encryption = load_encryption(config); !encryption.wrong.empty())
    return fail(exit_config, encryption.wrong);
  std::puts("psmoved: the configuration is fine");
  if (has_sockets_from_systemd)
    std::puts(
        "psmoved: on what systemd lets the service listen, and whether that takes a token, was not "
        "looked at");
  if (!may_look)
    std::printf("psmoved: %s may not be read by this user, so the tokens were not looked at\n",
                token_file.path().c_str());
  return 0;
}

}  // namespace
}  // namespace psmove::daemon

int main(int argc, char** argv) {
  using namespace psmove::daemon;
  const Parsed parsed = parse_config(argc, argv);
  if (parsed.action == Action::stop_with_message) {
    std::fprintf(parsed.exit_code == 0 ? stdout : stderr, "%s\n", parsed.message.c_str());
    return parsed.exit_code;
  }
  try {
    if (parsed.action == Action::check_config) return check_config(parsed.config);
    if (parsed.action == Action::make_certificate) return make_certificate(parsed);
    if (parsed.action == Action::create_token) return create_token(parsed);
    return run(parsed.config, argc, argv);
  } catch (const std::exception& error) {
    return fail(exit_failure, error.what());
  }
}
