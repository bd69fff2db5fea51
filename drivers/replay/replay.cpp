#include "drivers/replay/replay.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <spdlog/spdlog.h>
#include <utility>

#include "drivers/bell.hpp"
#include "drivers/hid_channel.hpp"
#include "drivers/link.hpp"
#include "drivers/psmove/model.hpp"
#include "drivers/replay/recording.hpp"
#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

constexpr std::uint8_t addresses_report = 0x04;
/// Between the end of a recording and its next beginning the controller is away for this long.
constexpr auto intermission = 1s;

/// Who was recorded: the kernel's word, the controller's own, or one made of the file's name.
Address address_of(const Recording& recording, const std::filesystem::path& file) {
  if (const auto uniq = parse_address(recording.uniq)) return *uniq;
  for (const auto& report : recording.features_of(addresses_report))
    if (const auto addresses = parse_addresses(report)) return addresses->controller;
  const std::size_t hash = std::hash<std::string>{}(file.filename().string());
  Address made{.octets = {0x02}};  // the bit of locally administered addresses
  for (std::size_t i = 1; i < made.octets.size(); ++i)
    made.octets[i] = static_cast<std::uint8_t>(hash >> (8 * i));
  return made;
}

/// HidChannel over a recording. Its output goes nowhere.
class ReplayChannel final : public HidChannel {
 public:
  ReplayChannel(const Recording& recording, ChannelInfo info)
      : recording_(recording), info_(std::move(info)), start_(SteadyClock::now()) {}

  [[nodiscard]] const ChannelInfo& info() const override { return info_; }

  Awaitable<Result<void>> wait_readable() override {
    while (!closed_ && next_ < recording_.size()) {
      if (SteadyClock::now() >= due()) co_return Result<void>{};
      co_await bell_.wait_until(due());
    }
    co_return error_code(boost::asio::error::eof);
  }

  Result<std::size_t> try_read(std::span<std::byte> report) override {
    if (closed_ || next_ >= recording_.size()) return error_code(boost::asio::error::eof);
    if (SteadyClock::now() < due()) return error_code(boost::asio::error::would_block);
    const auto bytes = recording_[next_++].bytes;
    const std::size_t length = std::min(bytes.size(), report.size());
    std::copy_n(bytes.begin(), length, report.begin());
    return length;
  }

  Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t id, std::size_t) override {
    const auto answers = recording_.features_of(id);
    if (answers.empty()) co_return error_code(boost::asio::error::broken_pipe);
    co_return answers[answers_given_[id]++ % answers.size()];
  }

  void close() override {
    closed_ = true;
    bell_.ring();
  }

 private:
  Awaitable<Result<void>> send_output(std::span<const std::byte>) override {
    co_return Result<void>{};
  }

  Awaitable<Result<void>> send_feature(std::vector<std::byte>) override {
    co_return error_code(boost::system::errc::operation_not_permitted,
                         boost::system::generic_category());
  }

  [[nodiscard]] SteadyTime due() const { return start_ + recording_[next_].time; }

  const Recording& recording_;
  ChannelInfo info_;
  SteadyTime start_;
  std::size_t next_ = 0;
  std::array<std::size_t, 256> answers_given_{};
  Bell bell_;
  bool closed_ = false;
};

Awaitable<void> play(Roster& roster, Recording recording, ChannelInfo info) {
  for (;;) {
    co_await serve_link(roster, make_replay_channel(recording, info));
    Bell pause;
    co_await pause.wait_until(SteadyClock::now() + intermission);
  }
}

}  // namespace

std::unique_ptr<HidChannel> make_replay_channel(const Recording& recording, ChannelInfo info) {
  return std::make_unique<ReplayChannel>(recording, std::move(info));
}

std::string start_replay(boost::asio::io_context& io, Roster& roster,
                         const std::filesystem::path& file) {
  ReadRecording read = read_recording(file.string());
  if (!read.error.empty()) return read.error;
  Recording& recording = read.recording;
  if (find_model(recording.vendor, recording.product) == nullptr)
    return file.string() +
           " is a recording of another device; a line \"I: 5 054c 03d5\" (ZCM1) or "
           "\"I: 5 054c 0c5e\" (ZCM2) or \"I: 5 054c 042f\" (Navigation) is needed";
  if (recording.size() == 0) return file.string() + " holds no reports (lines that begin with E:)";
  ChannelInfo info;
  info.vendor = recording.vendor;
  info.product = recording.product;
  info.source = Source::recording;
  info.address = address_of(recording, file);
  info.adapter = parse_address(recording.phys);
  info.path = file.string();
  boost::asio::co_spawn(io, play(roster, std::move(recording), std::move(info)),
                        boost::asio::detached);
  return {};
}

}  // namespace psmove::drivers
