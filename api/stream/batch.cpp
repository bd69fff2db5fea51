#include "api/stream/batch.hpp"

#include <algorithm>
#include <cstring>

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
  write(
      about, length,
      [parts](char* p) {
        for (const auto part : parts) p = std::copy(part.begin(), part.end(), p);
        return p;
      },
      opcode);
}

char* Batch::make_room(std::size_t longest) {
  const std::size_t before = bytes_.size() + (has_heads() ? head_size(longest) : 0);
  bytes_.resize(before + longest, boost::container::default_init);
  return bytes_.data() + before;
}

void Batch::end_frame(const Frame& about, char* payload, char* end, Opcode opcode) {
  Frame frame = about;
  frame.offset = frames_.empty() ? 0 : frames_.back().offset + frames_.back().size;
  if (has_heads()) {
    const auto length = static_cast<std::size_t>(end - payload);
    char* const start = bytes_.data() + frame.offset;
    char* const place = start + write_head(start, opcode, length);
    if (place != payload) std::memmove(place, payload, length);  // shorter than it might have been
    end = place + length;
  }
  bytes_.resize(static_cast<std::size_t>(end - bytes_.data()));
  frame.size = bytes_.size() - frame.offset;
  if (frame.kind == FrameKind::motion) motion_bytes_ += frame.size;
  frames_.push_back(frame);
}

void Batch::append(const Batch& from, const Frame& frame) {
  Frame copy = frame;
  copy.offset = bytes_.size();
  const auto bytes = from.bytes(frame);
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  if (copy.kind == FrameKind::motion) motion_bytes_ += copy.size;
  frames_.push_back(copy);
}

std::string_view Batch::payload(const Frame& frame) const {
  const auto whole = bytes(frame);
  return format_ == Format::event_stream ? whole : without_head(whole);
}

void Batch::clear() {
  if (bytes_.capacity() > kept_capacity)
    decltype(bytes_)().swap(bytes_);
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
