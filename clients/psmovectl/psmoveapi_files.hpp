#pragma once
// The files that psmoveapi keeps of a controller, in ~/.psmoveapi and /etc/psmoveapi: what its
// maker calibrated, and what its user did with the magnetometer. Layouts after psmoveapi's
// psmove_calibration.c and psmove.c (LP64, little-endian).

#include <optional>
#include <string>
#include <string_view>

#include "clients/cpp/error.hpp"
#include "types/address.hpp"
#include "types/calibration_report.hpp"

namespace psmove::client {

/// A file's name: "00_06_f7_16_2a_3b.calibration".
struct PsmoveapiFile {
  enum class Kind : std::uint8_t { factory, magnetometer };
  Address controller;
  Kind kind = Kind::factory;
};
/// @return none for any other file
[[nodiscard]] std::optional<PsmoveapiFile> psmoveapi_file(std::string_view name);

/// What PATCH …/calibration takes as factory_blob, and whose it is.
struct FactoryCalibration {
  std::string model;  ///< "zcm1"
  std::string blob;   ///< hexadecimal digits
};
/// NAME.calibration: 143 bytes, of which a ZCM2 fills 96, and a 32-bit word whose bit 0 says that
/// they are there.
[[nodiscard]] Answer<FactoryCalibration> read_factory_file(std::string_view content);

/// NAME.magnetometer.csv and .dat: the smallest and largest reading on each axis, as the
/// controller's words, and in later versions a direction that is not needed here. As an ellipsoid
/// along the axes it is our fit without the turned part; its Y is turned into the body frame.
[[nodiscard]] Answer<MagnetometerCalibration> read_magnetometer_file(std::string_view content);

}  // namespace psmove::client
