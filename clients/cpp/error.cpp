// Errors that are made in several places, and the throwing side of Answer for programs that prefer
// exceptions.

#include "clients/cpp/error.hpp"

#include <stdexcept>
#include <utility>

namespace psmove::client {

Error unreachable(std::string message) {
  return {ErrorKind::unreachable, std::move(message), 0, {}, {}, {}};
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

}  // namespace psmove::client
