// Reporting of errors, and the words that stand for several controllers.

#include "clients/psmovectl/context.hpp"

#include <algorithm>
#include <ostream>
#include <utility>

#include "clients/psmovectl/token_store.hpp"

namespace psmove::client {
namespace {

void list_known(Context& context) {
  const auto controllers = context.client().controllers();
  if (!controllers) return;
  if (controllers->empty()) {
    context.err << "psmovectl: psmoved knows no controller yet\n";
    return;
  }
  context.err << "psmovectl: there " << (controllers->size() == 1 ? "is " : "are ");
  const char* separator = "";
  for (const auto& each : *controllers) {
    context.err << separator << each.number << " ("
                << printable(each.name.empty() ? each.id : each.name, context.style) << ")";
    separator = ", ";
  }
  context.err << '\n';
}

ExitCode exit_code_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return ExitCode::usage;
    case ErrorKind::refused:
      return ExitCode::refused;
    case ErrorKind::unreachable:
    case ErrorKind::not_psmoved:
    case ErrorKind::closed:
      break;
  }
  return ExitCode::unreachable;
}

}  // namespace

const ServerUrl& Context::server() {
  if (!std::exchange(has_looked_for_token_, true) && url.token.empty())
    url.token = stored_token(url);
  return url;
}

Client& Context::client() {
  if (!client_) client_ = std::make_unique<Client>(server());
  return *client_;
}

ExitCode report(Context& context, const Error& error) {
  if (context.json) print_json(context, error.body);
  std::string_view sentence = error.message;
  if (sentence.ends_with('.')) sentence.remove_suffix(1);  // the code stands at its end
  context.err << "psmovectl: " << printable(sentence, context.style);
  if (!error.code.empty()) {
    context.err << " (" << error.code;
    if (!error.pointer.empty()) context.err << " at " << printable(error.pointer, context.style);
    context.err << ')';
  }
  context.err << '\n';
  if (error.code == "unknown_controller") list_known(context);
  return exit_code_for(error.kind);
}

void print_json(Context& context, std::string_view body) {
  while (body.ends_with('\n')) body.remove_suffix(1);
  if (!body.empty()) context.out << body << '\n';
}

Error usage_error(std::string message) {
  return {ErrorKind::invalid_argument, std::move(message), 0, {}, {}, {}};
}

std::string name_of(std::span<const Controller> controllers, std::string_view id,
                    std::string_view fallback) {
  const auto found = std::find_if(controllers.begin(), controllers.end(),
                                  [id](const Controller& each) { return each.id == id; });
  return found == controllers.end() ? std::string(fallback) : found->display_name();
}

Answer<std::vector<std::string>> expanded(Context& context, const std::string& which,
                                          bool (*is_meant)(const Controller&)) {
  if (!is_all(which)) return std::vector<std::string>{which};
  const auto controllers = context.client().controllers();
  if (!controllers) return controllers.error();
  std::vector<std::string> ids;
  for (const auto& each : *controllers)
    if (is_meant(each)) ids.push_back(each.id);
  if (ids.empty())
    return Error{ErrorKind::refused, "there is no controller to do this with", 0, {}, {}, {}};
  return ids;
}

}  // namespace psmove::client
