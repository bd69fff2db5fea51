// Calibration, and the guided magnetometer fit.
#include <cmath>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/problem.hpp"
#include "api/wire/calibration_json.hpp"
#include "api/wire/controller_requests.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using wire::ErrorCode;
using wire::Fault;

Controller::FitOutcome act(Controller& controller, wire::CalibrationAction action) {
  switch (action) {
    case wire::CalibrationAction::start:
      return controller.start_magnetometer_fit();
    case wire::CalibrationAction::finish:
      return controller.finish_magnetometer_fit();
    case wire::CalibrationAction::cancel:
      return controller.cancel_magnetometer_fit();
    case wire::CalibrationAction::forget:
      controller.forget_magnetometer_fit();
      break;
  }
  return Controller::FitOutcome::done;
}

std::optional<Fault> fault_of(Controller::FitOutcome outcome, const Controller& controller) {
  switch (outcome) {
    case Controller::FitOutcome::no_magnetometer:
      return Fault{ErrorCode::no_magnetometer,
                   "This controller sends no magnetometer readings, so there is nothing to fit.",
                   {}};
    case Controller::FitOutcome::not_running:
      return Fault{ErrorCode::no_fit_running, "No magnetometer fit is running.", {}};
    case Controller::FitOutcome::incomplete: {
      const auto guide = controller.calibration_report().guided_fit;
      const auto percent = std::to_string(std::lround(100 * guide->coverage));
      return Fault{ErrorCode::fit_incomplete,
                   "Only " + percent + " % of all directions were seen; 50 % are needed.",
                   {}};
    }
    case Controller::FitOutcome::uneven:
      return Fault{ErrorCode::fit_incomplete,
                   "The readings do not fit together: a magnet or iron came near, or went. Start "
                   "again away from it.",
                   {}};
    case Controller::FitOutcome::done:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Response> get_calibration(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  return json_response(wire::calibration_report_body((*controller)->calibration_report()));
}

std::optional<Response> post_calibration(Service& service, const Request& request) {
  const auto found = controller_of(service, request);
  if (!found) return problem(found.error(), request.path);
  const auto body = action_body_of(request);
  if (!body) return problem(body.error(), request.path);
  const auto action = wire::calibration_action(*body);
  if (!action) return problem(action.error(), request.path);
  Controller& controller = **found;
  if (*action == wire::CalibrationAction::start && !controller.is_connected())
    return problem({ErrorCode::controller_offline,
                    "This controller is away; there is nothing to collect.",
                    {}},
                   request.path);
  if (const auto fault = fault_of(act(controller, *action), controller))
    return problem(*fault, request.path);
  service.roster.changed();
  return json_response(wire::calibration_report_body(controller.calibration_report()));
}

std::optional<Response> patch_calibration(Service& service, const Request& request) {
  const auto found = controller_of(service, request);
  if (!found) return problem(found.error(), request.path);
  const auto body = body_of(request, Media::merge_patch);
  if (!body) return problem(body.error(), request.path);
  const auto patch = wire::calibration_patch(*body);
  if (!patch) return problem(patch.error(), request.path);
  Controller& controller = **found;
  // All of it, or nothing.
  if (patch->factory_blob && !controller.model().parse_calibration(*patch->factory_blob))
    return problem(
        {ErrorCode::invalid_value,
         "This is not the factory calibration of a " + std::string(controller.model().name) + ".",
         "/factory_blob"},
        request.path);
  if (patch->magnetometer_fit)
    if (const auto fault =
            fault_of(controller.import_magnetometer_fit(*patch->magnetometer_fit), controller))
      return problem(*fault, request.path);
  if (patch->factory_blob) controller.set_calibration(*patch->factory_blob);
  service.roster.changed();
  return json_response(wire::calibration_report_body(controller.calibration_report()));
}

}  // namespace psmove::api
