// psmovectl calibrate WHICH: guides a magnetometer fit. On a terminal a picture of the directions
// seen so far; elsewhere a line for each step. It ends by itself once the sphere is covered.

#include <chrono>
#include <csignal>
#include <memory>
#include <ostream>
#include <unistd.h>

#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/calibrate_view.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/terminal.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds poll_interval{150};
constexpr double line_step = 0.1;  // of coverage, between two lines

struct CalibrateArguments {
  std::string which;
  std::string timeout = "3min";
  double coverage_percent = 95;
  bool is_ascii = false;
  bool forgets = false;
};

class Calibration {
 public:
  Calibration(Context& context, const CalibrateArguments& arguments, milliseconds timeout)
      : context_(context), arguments_(arguments), deadline_(SteadyClock::now() + timeout) {
    frame_.style = context.style;
    if (arguments.is_ascii) frame_.style.utf8 = false;
    frame_.server = context.url.socket.empty() ? context.url.authority() : context.url.text();
  }

  ExitCode run() {
    const auto controller = context_.client().controller(arguments_.which);
    if (!controller) return report(context_, controller.error());
    id_ = controller->id;
    frame_.controller = controller->display_name();
    if (!take(context_.client().calibrate(id_, "start"))) return report(context_, *error_);
    const bool is_picture = !context_.json && Terminal::is_available();
    is_picture ? run_picture() : run_lines();
    return end();
  }

 private:
  enum class Ending : std::uint8_t { none, finish, give_up, too_late };

  /// @return whether `report_` is new; else `error_` says why not
  bool take(const Answer<std::string>& answer) {
    if (!answer) {
      error_ = answer.error();
      return false;
    }
    body_ = *answer;
    const auto parsed = parse_calibration(body_);
    if (parsed) report_ = *parsed;
    return true;
  }

  void run_picture() {
    const SignalEvents signals;
    const Terminal terminal;
    while (ending_ == Ending::none) {
      const auto size = Terminal::size();
      frame_.rows = size.rows;
      frame_.style.columns = size.columns;
      if (!terminal.draw(render_calibrate(fit(), frame_))) ending_ = Ending::give_up;
      const auto wakeup = wait_for_events(signals.descriptor(), STDIN_FILENO, -1, poll_interval);
      if (wakeup.is_signal) take_signals(signals);
      if (wakeup.is_key) take_keys();
      poll();
    }
  }

  void run_lines() {
    const SignalEvents signals;
    double said = -1;
    while (ending_ == Ending::none) {
      if (!context_.json && fit().coverage >= said + line_step) {
        said = fit().coverage;
        context_.out << number(100 * said, 0, 3) << " % of all directions; " << next_turn(fit())
                     << std::endl;
      }
      const auto wakeup = wait_for_events(signals.descriptor(), -1, -1, poll_interval);
      if (wakeup.is_signal) take_signals(signals);
      poll();
    }
  }

  void take_signals(const SignalEvents& signals) {
    while (const auto signal = signals.take())
      if (*signal != SIGWINCH) ending_ = Ending::give_up;
  }

  void take_keys() {
    const auto typed = Terminal::typed();
    if (!typed || *typed == "\x1b") ending_ = Ending::give_up;
    if (!typed || typed->starts_with('\x1b')) return;
    for (const char key : *typed) {
      if (key == 'q' || key == '\x03') ending_ = Ending::give_up;
      if ((key == '\n' || key == '\r') && fit().can_finish) ending_ = Ending::finish;
    }
  }

  void poll() {
    if (ending_ != Ending::none) return;
    frame_.trouble.clear();
    if (!take(context_.client().request("GET", controller_path(id_, "calibration")))) {
      frame_.trouble = error_->message + "; trying again";
      return;
    }
    if (!report_.guided_fit) {
      error_ = usage_error("somebody else ended this calibration");
      ending_ = Ending::give_up;
    } else if (100 * fit().coverage >= arguments_.coverage_percent && fit().can_finish) {
      ending_ = Ending::finish;
    } else if (SteadyClock::now() >= deadline_) {
      ending_ = fit().can_finish ? Ending::finish : Ending::too_late;
    }
  }

  ExitCode end() {
    if (ending_ == Ending::finish) {
      if (!take(context_.client().calibrate(id_, "finish"))) return report(context_, *error_);
      if (context_.json)
        print_json(context_, body_);
      else if (report_.magnetometer)
        context_.out << frame_.controller << ": " << fit_summary(*report_.magnetometer) << '\n';
      return ExitCode::ok;
    }
    const double covered = 100 * fit().coverage;
    static_cast<void>(context_.client().calibrate(id_, "cancel"));
    context_.err << "psmovectl: " << (ending_ == Ending::too_late ? "time is up" : "given up")
                 << " with " << number(covered, 0)
                 << " % of all directions seen; nothing was changed\n";
    return ExitCode::refused;
  }

  [[nodiscard]] const GuidedFit& fit() const {
    static const GuidedFit none;
    return report_.guided_fit ? *report_.guided_fit : none;
  }

  Context& context_;
  const CalibrateArguments& arguments_;
  const SteadyClock::time_point deadline_;
  CalibrateFrame frame_;
  std::string id_, body_;
  CalibrationReport report_;
  std::optional<Error> error_;
  Ending ending_ = Ending::none;
};

ExitCode calibrate(Context& context, const CalibrateArguments& arguments) {
  if (arguments.forgets) {
    const auto answer = context.client().calibrate(arguments.which, "forget");
    if (!answer) return report(context, answer.error());
    if (context.json) print_json(context, *answer);
    return ExitCode::ok;
  }
  const auto timeout = parse_duration(arguments.timeout);
  if (!timeout) return report(context, timeout.error());
  return Calibration(context, arguments, *timeout).run();
}

}  // namespace

void add_calibrate(CLI::App& app, Context& context) {
  Verb verb(app, "calibrate", "Fit the magnetometer while you turn the controller about",
            "It ends by itself when every direction was seen. Enter finishes earlier, q gives up.\n"
            "Examples:\n"
            "  psmovectl calibrate 1\n"
            "  psmovectl calibrate left --coverage 80 --timeout 60s\n"
            "  psmovectl calibrate 1 --forget");
  auto arguments = std::make_shared<CalibrateArguments>();
  verb.required("WHICH", arguments->which, "A controller's number, name or address");
  verb.option("--coverage", arguments->coverage_percent, 50, 100,
              "Percent of all directions after which it is done; 95");
  verb.option("--timeout", "TIME", arguments->timeout,
              "Take what there is after so long, or give up; 3min");
  verb.flag("--ascii", arguments->is_ascii, "Draw with plain characters");
  verb.flag("--forget", arguments->forgets, "Go back to readings without a fit");
  verb.action([&context, arguments] { context.exit_code = calibrate(context, *arguments); });
}

}  // namespace psmove::client
