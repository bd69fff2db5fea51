#pragma once
// The raw bytes of an HTTP/1 request head, read strictly: what two parsers could understand
// differently is refused here. Pure, fuzzed, and knows no socket.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "api/wire/fault.hpp"

namespace psmove::api {

struct HeadLimits {
  std::size_t bytes = 8 * 1024;  ///< request line and fields, the empty line included
  std::size_t fields = 64;       ///< not more than max_head_fields
  std::size_t target_bytes = 2 * 1024;
};
inline constexpr std::size_t max_head_fields = 64;

struct HeadField {
  std::string_view name, value;  ///< value without the white space around it
};

/// A checked head. The views point into the bytes it was read from.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  int minor_version = 1;  ///< HTTP/1.0 or HTTP/1.1
  std::string_view host;  ///< empty only in HTTP/1.0, or where the field is empty
  bool has_host = false;
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool expects_continue = false;
  bool keeps_alive = true;  ///< what version and Connection ask for
  bool upgrades = false;    ///< Connection has the token `upgrade`

  [[nodiscard]] bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
  [[nodiscard]] std::span<const HeadField> fields() const { return {fields_.data(), count_}; }
  /// Value of the first field of that name (any case), nullopt where there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

 private:
  friend class HeadReader;
  std::array<HeadField, max_head_fields> fields_{};
  std::size_t count_ = 0;
};

/// How far a head has come in.
struct HeadExtent {
  std::size_t skipped = 0;  ///< empty lines before it, to be thrown away (RFC 9112 2.2)
  std::size_t length = 0;   ///< of the whole head, its empty line included; 0: not complete yet
};

/// Looks for the end of the head in what was received so far. A fault is final, even where more
/// could come: too large, a bare LF.
[[nodiscard]] wire::Parsed<HeadExtent> head_extent(std::string_view received,
                                                   const HeadLimits& limits);

/// Reads one whole head, as long as head_extent said. After a fault the connection cannot be
/// trusted to be in step and is closed.
[[nodiscard]] wire::Parsed<RequestHead> read_head(std::string_view head, const HeadLimits& limits);

/// Compares ASCII text without regard to case.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
/// Whether a comma-separated list has this token, in any case.
[[nodiscard]] bool has_token(std::string_view list, std::string_view token);

}  // namespace psmove::api
