#pragma once
// What a person can do with a device, as words: `hold cross,move`, `battery 0`, `feature-delay
// never`. What concerns the doors is in device.hpp.

#include <string>
#include <string_view>

#include "emulator/hid_device.hpp"

namespace psmove::emulator {

/// A sentence on what would have been accepted; empty: it was done.
using Complaint = std::string;

/// "VERB takes ACCEPTED, not 'ARGUMENT'".
Complaint wants(std::string_view verb, std::string_view accepted, std::string_view argument);

struct ScriptResult {
  bool is_known = false;  ///< the verb is one of this kind of device
  Complaint complaint;
};
ScriptResult obey(HidDevice& device, std::string_view verb, std::string_view argument, Time now);

/// The verbs that obey() knows for this device, for people.
std::string verbs_of(const HidDevice& device);

}  // namespace psmove::emulator
