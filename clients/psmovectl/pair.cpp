// psmovectl pair [WHICH]: from the cable to Bluetooth, step by step, until the controller is
// connected.

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <ostream>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/terminal.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds poll_interval{200};

struct PairArguments {
  std::string which;
  PairingWish wish;
  bool only_lists = false;
  bool waits_not = false;
};

/// A state in a person's words.
std::string_view words_for(std::string_view state) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> words = {{
      {"plugged_in", "on the cable"},
      {"waiting", "waiting"},
      {"writing", "being told whom to call"},
      {"host_written", "knows whom to call"},
      {"storing", "being stored in BlueZ"},
      {"press_ps", "ready"},
      {"connecting", "calling"},
      {"connected", "connected"},
      {"failed", "failed"},
  }};
  const auto* found = std::find_if(words.begin(), words.end(),
                                   [&](const auto& each) { return each.first == state; });
  return found == words.end() ? state : found->second;
}

bool is_end(const Pairing& pairing) {
  return pairing.state == "connected" || pairing.state == "host_written" ||
         pairing.state == "failed";
}

/// A person has to do or say something first.
bool is_question(const Pairing& pairing) {
  return pairing.code == "bonds_only" || pairing.code == "would_disconnect";
}

class Pairer {
 public:
  Pairer(Context& context, const PairArguments& arguments)
      : context_(context), arguments_(arguments) {}

  ExitCode list() {
    const auto answer = context_.client().request("GET", pairing_path);
    if (!answer) return report(context_, answer.error());
    if (context_.json) {
      print_json(context_, *answer);
      return ExitCode::ok;
    }
    if (!take(*answer)) return not_psmoved();
    for (const auto& each : pairings_) say(each);
    if (pairings_.empty()) context_.out << nobody_is_there;
    return ExitCode::ok;
  }

  ExitCode run() {
    if (!arguments_.which.empty() || !arguments_.wish.host_address.empty()) {
      if (const auto code = ask(arguments_.which); code != ExitCode::ok || arguments_.waits_not)
        return code;
      if (!arguments_.wish.host_address.empty()) return ExitCode::ok;
    } else if (const auto code = ask_all(); code != ExitCode::ok || arguments_.waits_not) {
      return code;
    }
    return follow();
  }

 private:
  static constexpr const char* pairing_path = "/api/v1/pairing";
  static constexpr const char* nobody_is_there =
      "No controller is on the cable: plug one in, with a USB cable that carries data. One that "
      "only charges shows nothing here.\n";

  ExitCode not_psmoved() {
    return report(context_, {ErrorKind::not_psmoved, "the answer is no pairing", 0, {}, {}, {}});
  }

  bool take(const std::string& body) {
    auto parsed = parse_pairings(body);
    if (!parsed) return false;
    pairings_ = std::move(*parsed);
    return true;
  }

  /// Starts the pairing of one, or goes on with it.
  ExitCode ask(const std::string& which) {
    const auto answer = context_.client().pair(which, arguments_.wish);
    if (!answer) return report(context_, answer.error());
    const auto begun = parse_pairings(*answer);
    if (!begun || begun->empty()) return not_psmoved();
    followed_.insert_or_assign(begun->front().id, std::string());
    if (context_.json && (arguments_.waits_not || is_end(begun->front())))
      print_json(context_, *answer);
    else
      note(begun->front());
    return ExitCode::ok;
  }

  /// All that are on the cable and not on their way yet.
  ExitCode ask_all() {
    const auto answer = context_.client().request("GET", pairing_path);
    if (!answer) return report(context_, answer.error());
    if (!take(*answer)) return not_psmoved();
    if (pairings_.empty()) {
      if (!context_.json) context_.out << nobody_is_there << std::flush;
      return arguments_.waits_not ? ExitCode::refused : ExitCode::ok;
    }
    const auto all = pairings_;
    for (const auto& each : all) {
      followed_.try_emplace(each.id);
      const bool must_ask = each.state == "plugged_in" || each.state == "failed" ||
                            (each.state == "waiting" && arguments_.wish.has_permissions());
      if (each.id.empty() || !must_ask) continue;
      if (const auto code = ask(each.id); code != ExitCode::ok) return code;
    }
    return ExitCode::ok;
  }

  /// Says what happens to those that are followed, and to all that are plugged in meanwhile where
  /// none was named, until each has come to an end.
  ExitCode follow() {
    const SignalEvents signals;
    for (;;) {
      const auto answer = context_.client().request("GET", pairing_path);
      if (!answer) return report(context_, answer.error());
      if (!take(*answer)) return not_psmoved();
      for (const auto& each : pairings_) {
        if (arguments_.which.empty()) followed_.try_emplace(each.id);
        if (!followed_.contains(each.id)) continue;
        note(each);
        if (is_question(each) && !permits(each)) return ExitCode::refused;
      }
      if (const auto code = outcome()) {
        if (context_.json) print_json(context_, *answer);
        return *code;
      }
      if (wait_for_events(signals.descriptor(), -1, -1, poll_interval).is_signal) {
        context_.err << "psmovectl: left alone; the pairing goes on (psmovectl pair --list)\n";
        return ExitCode::refused;
      }
    }
  }

  /// None while anybody is on the way.
  [[nodiscard]] std::optional<ExitCode> outcome() const {
    auto code = ExitCode::ok;
    std::size_t ended = 0;
    for (const auto& each : pairings_) {
      if (!followed_.contains(each.id)) continue;
      if (!is_end(each)) return std::nullopt;
      if (each.state == "failed") code = ExitCode::refused;
      ++ended;
    }
    if (ended == 0 && !arguments_.which.empty()) return ExitCode::refused;  // the cable was pulled
    return ended == 0 ? std::nullopt : std::optional(code);
  }

  /// Asks the person at the terminal, if there is one.
  bool permits(const Pairing& pairing) {
    if (context_.json || ::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return false;
    context_.out << "  Do it? [y/N] " << std::flush;
    std::string line;
    if (!std::getline(std::cin, line) || line.empty() || (line[0] != 'y' && line[0] != 'Y'))
      return false;
    PairingWish wish = arguments_.wish;
    wish.allow_unbonded |= pairing.code == "bonds_only" || permitted_.allow_unbonded;
    wish.disconnect_others |= pairing.code == "would_disconnect" || permitted_.disconnect_others;
    wish.without_restart = false;  // what is permitted here takes one
    permitted_ = wish;
    const auto answer = context_.client().pair(pairing.id, wish);
    if (!answer) return report(context_, answer.error()) == ExitCode::ok;
    return true;
  }

  void note(const Pairing& pairing) {
    std::string news = pairing.state + pairing.next;
    auto& last = followed_[pairing.id];
    if (last == news) return;
    last = std::move(news);
    if (!context_.json) say(pairing);
  }

  void say(const Pairing& pairing) {
    const auto name = !pairing.name.empty() ? pairing.name
                      : pairing.number > 0  ? "controller " + std::to_string(pairing.number)
                                            : "an unreadable controller";
    context_.out << printable(name, context_.style) << ": "
                 << printable(words_for(pairing.state), context_.style);
    if (!pairing.host_address.empty())
      context_.out << ", calls " << printable(pairing.host_address, context_.style);
    context_.out << "\n  " << printable(pairing.next, context_.style) << '\n';
    if (!pairing.command.empty())
      context_.out << "    " << printable(pairing.command, context_.style) << '\n';
    context_.out << std::flush;
  }

  Context& context_;
  const PairArguments& arguments_;
  std::vector<Pairing> pairings_;
  std::map<std::string, std::string> followed_;  ///< what was last said of each
  PairingWish permitted_;
};

ExitCode pair(Context& context, const PairArguments& arguments) {
  Pairer pairer(context, arguments);
  return arguments.only_lists ? pairer.list() : pairer.run();
}

ExitCode unpair(Context& context, const std::string& which, bool all) {
  if (which.empty() != all)
    return report(context, usage_error("unpair takes a controller, or --all"));
  const auto answer = context.client().unpair(which);
  if (!answer) return report(context, answer.error());
  if (!context.json)
    context.out << (all ? "No controller is paired with this computer any more"
                        : printable(which, context.style) + " is not paired any more")
                << '\n';
  return ExitCode::ok;
}

}  // namespace

void add_pair(CLI::App& app, Context& context) {
  Verb verb(app, "pair", "Pair controllers on the cable with this computer, or with another one",
            "Examples:\n"
            "  psmovectl pair\n"
            "  psmovectl pair 1 --adapter hci1\n"
            "  psmovectl pair 1 --host-address b8:27:eb:12:34:56");
  auto arguments = std::make_shared<PairArguments>();
  verb.which(arguments->which, false);
  verb.option("--adapter", "ADAPTER", arguments->wish.adapter,
              "The radio to use, as psmovectl adapters lists it (hci0, or its address)");
  verb.flag("--allow-unbonded", arguments->wish.allow_unbonded,
            "Let BlueZ take input from devices without a bond, which a ZCM1 needs before BlueZ "
            "5.83; anybody in radio range may then act as a keyboard. unpair --all takes it back");
  verb.flag("--disconnect-others", arguments->wish.disconnect_others,
            "Restart bluetoothd even if that disconnects other devices");
  verb.flag("--without-restart", arguments->wish.without_restart,
            "Let BlueZ learn of a ZCM1 from its call, without restarting bluetoothd: press PS "
            "twice. RISK: if it hangs up at its first call, the Bluetooth of Linux 6.1 crashes");
  verb.option("--host-address", "ADDRESS", arguments->wish.host_address,
              "Write the Bluetooth address of another computer into it, and nothing else");
  verb.flag("--list", arguments->only_lists, "Show how far each is, and end");
  verb.flag("--no-wait", arguments->waits_not, "Begin, and do not wait for the controller's call");
  verb.action([&context, arguments] { context.exit_code = pair(context, *arguments); });
}

void add_unpair(CLI::App& app, Context& context) {
  Verb verb(app, "unpair",
            "Have this computer forget a controller's pairing, or stop one under way",
            "Examples:\n"
            "  psmovectl unpair 1\n"
            "  psmovectl unpair --all");
  auto which = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  verb.which(*which, false);
  verb.flag("--all", *all, "Every controller, and BlueZ takes bonded devices only again");
  verb.action([&context, which, all] { context.exit_code = unpair(context, *which, *all); });
}

}  // namespace psmove::client
