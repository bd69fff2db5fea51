#pragma once
// The language between psmoved, which has no privileges, and psmoved-bluez, which does the few
// things that need them: one line there, one line back.

#include <optional>
#include <string>
#include <string_view>

#include "types/address.hpp"

namespace psmove::bluez {

enum class Action : std::uint8_t {
  inspect,         ///< what BlueZ's files say of a controller; changes nothing
  store,           ///< makes BlueZ know it
  forget,          ///< clears away what BlueZ leaves of one that it has forgotten
  allow_unbonded,  ///< lets devices without a bond be input devices
  only_bonded,     ///< takes that back
};

/// "store adapter=00:1b:dc:00:00:01 device=00:06:f7:00:00:01 model=zcm1 unbonded=allow"
struct Request {
  Action action = Action::inspect;
  std::optional<Address> adapter{}, device{};  ///< for inspect, store and forget, which need both
  std::string model{};                         ///< of a controller: "zcm1"
  bool allow_unbonded = false;                 ///< with store: do both, with one restart
  friend bool operator==(const Request&, const Request&) = default;
};

/// Longest line of either kind, its end included.
inline constexpr std::size_t longest_line = 1024;

/// @param line  without its end
/// @param trouble  set to what is wrong with it, where nothing comes back
[[nodiscard]] std::optional<Request> parse_request(std::string_view line, std::string& trouble);
[[nodiscard]] std::string to_line(const Request& request);

/// "ok version=5.66 cable_pairing=no unbonded=allowed stored=yes known=yes bonded=no changed=yes",
/// or "error " and one sentence
struct Answer {
  std::string error{};            ///< one sentence; empty: it was done
  std::string version{};          ///< of BlueZ, "5.66"; empty: unknown
  bool cable_pairing = false;     ///< this BlueZ can admit one device without a bond
  bool unbonded_allowed = false;  ///< its configuration admits all of them
  bool is_stored = false;         ///< it knows the controller, and with a record that serves
  bool is_known = false;          ///< it has an entry for that address
  bool is_bonded = false;         ///< with a link key
  bool changed = false;           ///< bluetoothd was restarted for it
  friend bool operator==(const Answer&, const Answer&) = default;
};

/// @return none where the line is no answer
[[nodiscard]] std::optional<Answer> parse_answer(std::string_view line);
[[nodiscard]] std::string to_line(const Answer& answer);

}  // namespace psmove::bluez
