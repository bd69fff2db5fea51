#include "api/stream/batch.hpp"

#include <array>

namespace psmove::stream {
namespace {

/// A batch that once grew beyond this does not keep its buffer.
constexpr std::size_t kept_capacity = 32 * 1024;

/// The payload of a frame that goes to a WebSocket client: unmasked.
std::string_view without_head(std::string_view frame) {
  const auto short_length = static_cast<unsigned char>(frame[1]);
  return frame.substr(short_length < 126 ? 2 : short_length == 126 ? 4 : 10);
}

}  // namespace

void Batch::append(const Frame& about, std::initializer_list<std::string_view> parts,
                   Opcode opcode) {
  std::size_t length = 0;
  for (const auto part : parts) length += part.size();
  Frame frame = about;
  frame.offset = bytes_.size();
  if (format_ != Format::event_stream) append_head(bytes_, opcode, length);
  for (const auto part : parts) bytes_ += part;
  frame.size = bytes_.size() - frame.offset;
  if (frame.kind == FrameKind::motion) motion_bytes_ += frame.size;
  frames_.push_back(frame);
}

void Batch::append(const Batch& from, const Frame& frame) {
  Frame copy = frame;
  copy.offset = bytes_.size();
  bytes_ += from.bytes(frame);
  if (copy.kind == FrameKind::motion) motion_bytes_ += copy.size;
  frames_.push_back(copy);
}

std::string_view Batch::payload(const Frame& frame) const {
  const auto whole = bytes(frame);
  return format_ == Format::event_stream ? whole : without_head(whole);
}

void Batch::clear() {
  if (bytes_.capacity() > kept_capacity)
    std::string().swap(bytes_);
  else
    bytes_.clear();
  frames_.clear();
  motion_bytes_ = 0;
}

SharedBatch single(Opcode opcode, std::string_view payload) {
  auto batch = std::make_shared<Batch>();
  batch->append(Frame{}, {payload}, opcode);
  return batch;
}

SharedBatch lines(std::initializer_list<std::string_view> parts) {
  auto batch = std::make_shared<Batch>(0, wire::Policy::all, Format::event_stream);
  batch->append(Frame{}, parts);
  return batch;
}

}  // namespace psmove::stream
