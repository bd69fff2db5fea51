#pragma once
// The body of a request as it comes in, by length or in chunks; Beast's parser does the work. Pure.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "api/wire/fault.hpp"

namespace psmove::api {

struct RequestHead;

class BodyReader {
 public:
  /// @param head  passed read_head(), and has a body
  BodyReader(std::size_t limit, const RequestHead& head);
  ~BodyReader();
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;

  /// Takes what was received behind the head.
  /// @return how much of it was used; the rest is to be given again with what follows.
  ///         payload_too_large or bad_request are final.
  [[nodiscard]] wire::Parsed<std::size_t> put(std::string_view received);
  [[nodiscard]] bool is_done() const;
  [[nodiscard]] std::string take();

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  bool is_too_large_ = false;
};

}  // namespace psmove::api
