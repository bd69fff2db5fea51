#include "bench/stream/frame_template.hpp"

#include <string_view>

#include "api/stream/framing.hpp"

namespace psmove::bench {
namespace {

// As long as psmoved's own frame with one sample, all its members and a controller's address.
constexpr std::string_view message =
    R"({"type":"motion","subscription":"s","controller":    0,"received_us":                   0,)"
    R"("samples":[{"sequence":          0,"time_us":1795334400123456,)"
    R"("accel_m_s2":{"x":0.0234,"y":-0.1123,"z":9.7923},)"
    R"("gyro_rad_s":{"x":1.23456,"y":-0.34567,"z":0.00123},)"
    R"("mag_ut":{"x":12.34,"y":-45.67,"z":3.45},)"
    R"("orientation":{"w":0.998712,"x":0.012345,"y":-0.04321,"z":0.004321},)"
    R"("linear_accel_m_s2":{"x":0.0121,"y":-0.0123,"z":0.1023},)"
    R"("temperature_c":28,"trigger":0.4392,"buttons":["move","cross"]}],"dropped":0})";

/// Just past the digits of this member: blanks before them keep the length.
std::size_t end_of_number(std::string_view text, std::string_view member) {
  return text.find_first_of(",}", text.find(member) + member.size());
}

void put(char* end, std::uint64_t value) {
  do {
    *--end = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value > 0);
}

}  // namespace

FrameTemplate::FrameTemplate() {
  stream::append_frame(frame_, stream::Opcode::text, message);
  controller_at_ = end_of_number(frame_, R"("controller":)");
  sequence_at_ = end_of_number(frame_, R"("sequence":)");
  received_at_ = end_of_number(frame_, R"("received_us":)");
}

void FrameTemplate::append(std::string& out, std::uint32_t controller, std::uint64_t sequence,
                           std::int64_t received_us) const {
  const std::size_t begin = out.size();
  out += frame_;
  put(out.data() + begin + controller_at_, controller);
  put(out.data() + begin + sequence_at_, sequence);
  put(out.data() + begin + received_at_, static_cast<std::uint64_t>(received_us));
}

}  // namespace psmove::bench
