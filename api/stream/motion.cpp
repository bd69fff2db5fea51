#include "api/stream/motion.hpp"

#include <algorithm>
#include <array>

#include "api/wire/binary_sample.hpp"
#include "api/wire/cbor.hpp"
#include "api/wire/cbor_sample.hpp"
#include "api/wire/sample_encoder.hpp"
#include "api/wire/stream_messages.hpp"

namespace psmove::stream {
namespace {

using wire::CborType;

class Decimal {
 public:
  explicit Decimal(std::int64_t value) : end_(wire::write_integer(digits_.data(), value)) {}
  Decimal(const Decimal&) = delete;
  Decimal& operator=(const Decimal&) = delete;
  [[nodiscard]] std::string_view text() const {
    return {digits_.data(), static_cast<std::size_t>(end_ - digits_.data())};
  }

 private:
  std::array<char, wire::longest_integer> digits_;
  char* end_;
};

constexpr std::string_view samples_begin = R"(,"samples":[)";
constexpr std::string_view dropped_begin = R"(],"dropped":)";

std::string_view end_of(Format format) {
  return format == Format::event_stream ? event_end : std::string_view();
}

/// Without what `dropped` adds to a message in text, or in CBOR where it is the last member too.
std::string_view without_dropped(std::string_view payload, const Frame& frame, Format format) {
  const std::size_t size = format == Format::cbor
                               ? wire::cbor_head_size(frame.dropped)
                               : Decimal(frame.dropped).text().size() + 1 + end_of(format).size();
  payload.remove_suffix(size);
  return payload;
}

}  // namespace

void append_samples(std::string& out, std::span<const Sample> samples, Format format,
                    std::uint16_t fields) {
  for (const Sample& sample : samples) {
    if (&sample != samples.data()) separate(out, format);
    switch (sample_format(format)) {
      case Format::cbor:
        wire::append_cbor_sample(out, sample, fields);
        break;
      case Format::binary:
        wire::append_binary_sample(out, sample);
        break;
      default:
        wire::append_sample(out, sample, fields);
    }
  }
}

void separate(std::string& samples, Format format) {
  if (sample_format(format) == Format::json && !samples.empty()) samples += ',';
}

std::string motion_head(Format format, std::string_view subscription) {
  if (format == Format::binary) return std::string(subscription);
  if (format != Format::cbor) return wire::event_head(wire::Topic::motion, subscription);
  std::string head;
  wire::append_cbor_head(head, CborType::map, 6);
  wire::append_cbor_text(head, "type");
  wire::append_cbor_text(head, "motion");
  wire::append_cbor_text(head, "subscription");
  wire::append_cbor_text(head, subscription);
  return head;
}

MotionWriter::MotionWriter(const Address& controller)
    : controller_(controller),
      text_("\"controller\":\"" + to_string(controller) + "\",\"received_us\":") {
  wire::append_cbor_text(cbor_, "controller");
  wire::append_cbor_text(cbor_, to_string(controller));
  wire::append_cbor_text(cbor_, "received_us");
}

void MotionWriter::append(Batch& batch, std::string_view head, const Motion& motion,
                          std::string_view id_line) const {
  const Frame about{.controller = controller_,
                    .kind = FrameKind::motion,
                    .samples = motion.count,
                    .dropped = motion.dropped};
  if (batch.format() == Format::cbor)
    append_cbor(batch, about, head, motion);
  else if (batch.format() == Format::binary)
    append_binary(batch, about, head, motion);
  else
    append_text(batch, about, head, motion, id_line);
}

void MotionWriter::append_text(Batch& batch, const Frame& about, std::string_view head,
                               const Motion& motion, std::string_view id_line) const {
  const auto end = end_of(batch.format());
  const std::size_t longest = id_line.size() + head.size() + text_.size() + end.size() +
                              motion.samples.size() +
                              motion.unwritten.size() * (wire::longest_sample + 1) +
                              2 * wire::longest_integer + samples_begin.size() + motion_end.size();
  batch.write(about, longest, [&](char* p) {
    const auto put = [&p](std::string_view text) { p = std::copy(text.begin(), text.end(), p); };
    put(id_line);
    put(head);
    put(text_);
    p = wire::write_integer(p, motion.received_us);
    put(samples_begin);
    put(motion.samples);
    for (const Sample& sample : motion.unwritten) {
      if (&sample != motion.unwritten.data()) *p++ = ',';
      p = wire::write_sample(p, sample, motion.fields);
    }
    put(dropped_begin);
    p = wire::write_integer(p, motion.dropped);
    *p++ = '}';
    put(end);
    return p;
  });
}

void MotionWriter::append_cbor(Batch& batch, const Frame& about, std::string_view head,
                               const Motion& motion) const {
  // One for all: it keeps its room, and is read before this returns.
  static std::string between, end;
  between.clear();
  wire::append_cbor_integer(between, motion.received_us);
  wire::append_cbor_text(between, "samples");
  wire::append_cbor_head(between, CborType::array, motion.count);
  end.clear();
  wire::append_cbor_text(end, "dropped");
  wire::append_cbor_head(end, CborType::positive, motion.dropped);
  batch.append(about, {head, cbor_, between, motion.samples, end}, Opcode::binary);
}

void MotionWriter::append_binary(Batch& batch, const Frame& about, std::string_view subscription,
                                 const Motion& motion) const {
  static std::string header;
  header.clear();
  wire::append_binary_header(header, {.controller = controller_,
                                      .count = static_cast<std::uint16_t>(motion.count),
                                      .dropped = motion.dropped,
                                      .received_us = motion.received_us});
  batch.append(about, {header, motion.samples, subscription}, Opcode::binary);
}

void append_with_dropped(Batch& to, const Batch& from, const Frame& frame, std::uint32_t dropped) {
  const Format format = to.format();
  Frame about = frame;
  about.dropped = dropped;
  if (format == Format::binary) {
    const auto whole = from.payload(frame);
    std::string number;
    wire::append_binary_u32(number, dropped);
    to.append(about,
              {whole.substr(0, wire::binary_dropped_offset), number,
               whole.substr(wire::binary_dropped_offset + number.size())},
              Opcode::binary);
    return;
  }
  const auto payload = without_dropped(from.payload(frame), frame, format);
  if (format == Format::cbor) {
    std::string number;
    wire::append_cbor_head(number, CborType::positive, dropped);
    to.append(about, {payload, number}, Opcode::binary);
  } else {
    to.append(about, {payload, Decimal(dropped).text(), "}", end_of(format)});
  }
}

}  // namespace psmove::stream
