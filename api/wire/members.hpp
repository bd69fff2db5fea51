#pragma once
// Reads the members of one JSON object of a request, and says what is wrong with the first that is.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "api/wire/fault.hpp"

namespace psmove::wire {

/// Keeps the first fault; after it every read yields nothing.
class Members {
 public:
  /// @param object  must outlive it; anything but an object is a fault, as is a member that is not
  /// accepted
  /// @param pointer  of the object, for the pointers in faults; "" for a whole body
  Members(const nlohmann::json& object, std::string_view pointer,
          std::initializer_list<std::string_view> accepted);

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] bool failed() const { return fault_.has_value(); }
  [[nodiscard]] const Fault& fault() const { return *fault_; }
  /// @param member  "" for the object itself
  void fail(ErrorCode code, std::string_view member, std::string detail);

  std::optional<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high);
  /// @param low, high  whole numbers
  std::optional<double> number(std::string_view name, int low, int high);
  /// From `low`, 0 or -1, to 1.
  std::optional<double> fraction(std::string_view name, int low = 0);
  std::optional<bool> truth(std::string_view name);
  std::optional<std::string> text(std::string_view name);
  /// A string out of a list of choices, as its index.
  std::optional<std::size_t> choice(std::string_view name,
                                    std::initializer_list<std::string_view> choices);
  /// In whole milliseconds.
  std::optional<std::chrono::milliseconds> duration(std::string_view name, std::int64_t low,
                                                    std::int64_t high);
  /// A member that is there.
  [[nodiscard]] const nlohmann::json& operator[](std::string_view name) const;

 private:
  const nlohmann::json& object_;
  std::string pointer_;
  std::optional<Fault> fault_;
};

}  // namespace psmove::wire
