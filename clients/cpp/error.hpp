#pragma once
// What can go wrong between a program and psmoved, and how the client library says it.

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>

namespace psmove::client {

enum class ErrorKind : std::uint8_t {
  invalid_argument,  ///< nothing was sent: the request itself makes no sense
  refused,      ///< psmoved answered, and said no: `status`, `code` and `pointer` have its reasons
  unreachable,  ///< nobody answered: not running, refused, timed out, no such host
  not_psmoved,  ///< somebody answered, who is not psmoved
  closed,       ///< an open stream ended
};

struct Error {
  ErrorKind kind = ErrorKind::unreachable;
  std::string message;  ///< one sentence for people, without a full stop at its end
  int status = 0;       ///< HTTP status of a refusal, or the close code of a stream; else 0
  std::string code;     ///< psmoved's own word for it, "out_of_range"; may be empty
  std::string pointer;  ///< JSON pointer to the member it is about, "/for_ms"; may be empty
  std::string body;     ///< of a refusal: the problem document as it came
};

/// Nobody answered. @param message  one sentence without a full stop
[[nodiscard]] Error unreachable(std::string message);

/// A value or an Error. `value()` throws std::runtime_error with the sentence where there is none.
template <class T>
using Answer = boost::system::result<T, Error>;

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

}  // namespace psmove::client
