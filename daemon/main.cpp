// psmoved: reads the configuration, builds the parts, runs them.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <string>
#include <utility>

#include "api/access.hpp"
#include "api/listener.hpp"
#include "api/server.hpp"
#include "api/tokens.hpp"
#include "daemon/actions.hpp"
#include "daemon/advertisement.hpp"
#include "daemon/certificate.hpp"
#include "daemon/config.hpp"
#include "daemon/listening.hpp"
#include "daemon/log.hpp"
#include "daemon/service.hpp"
#include "daemon/state_file.hpp"
#include "daemon/state_keeper.hpp"
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

/// Where systemd listens on behalf of psmoved-bluez.
constexpr const char* helper_socket = "/run/psmoved-bluez.socket";

/// How long controllers get to be told to go dark, and then clients to take their leave: the whole
/// stop stays under two seconds.
constexpr auto dark_patience = 600ms;
constexpr auto goodbye_patience = 1000ms;

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
  ReadTokens known = load_all_tokens(running.token_file);
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
  ReadTokens known_tokens = load_all_tokens(token_file);
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
