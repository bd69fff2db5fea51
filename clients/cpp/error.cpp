// The throwing side of Answer, for programs that prefer exceptions.

#include "clients/cpp/error.hpp"

#include <stdexcept>

namespace psmove::client {

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

}  // namespace psmove::client
