// The capture file: what is taken, what is refused and how that is said.

#include "drivers/replay/recording.hpp"

#include <cstdio>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/psmove/model.hpp"
#include "tests/drivers/vectors.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Recording, ReadsWhatHidRecorderWrites) {
  const auto read = parse_recording(
      "# hid-recorder\n"
      "D: 0\n"
      "R: 4 05 01 09 04\n"
      "N: Motion Controller\n"
      "P: aa:bb:cc:dd:ee:ff\n"
      "I: 5 054c 03d5\n"
      "E: 000000.000000 3 01 00 ff\n"
      "E: 000000.011364 2 01 80\n"
      "\n"
      "E: 000012.000001 1 a1\n");
  ASSERT_EQ(read.error, "");
  const auto& recording = read.recording;
  EXPECT_EQ(recording.name, "Motion Controller");
  EXPECT_EQ(recording.phys, "aa:bb:cc:dd:ee:ff");
  EXPECT_EQ(recording.bus, 5);
  EXPECT_EQ(recording.vendor, 0x054C);
  EXPECT_EQ(recording.product, 0x03D5);
  ASSERT_EQ(recording.size(), 3U);
  EXPECT_EQ(recording[1].time, 11'364us);
  EXPECT_EQ(recording.duration(), 12s + 1us);
  const auto first = recording[0].bytes;
  EXPECT_EQ(std::vector(first.begin(), first.end()), from_hex("01 00 ff"));
}

/// A capture of the published ZCM1 with its calibration.
Recording captured() {
  Recording recording;
  recording.name = "Motion Controller";
  recording.phys = "aa:bb:cc:dd:ee:ff";
  recording.uniq = "00:06:f7:16:2a:3b";
  recording.bus = 5;
  recording.vendor = 0x054C;
  recording.product = 0x03D5;
  recording.comments = {"lying on a table", "firmware 2.20"};
  recording.features.push_back(from_hex("04 66 55 44 33 22 11 08 25 00 FF EE DD CC BB AA"));
  for (const auto& block : blocks_of(from_hex(zcm1_blobs[1].hex)))
    recording.features.push_back(block);
  for (int i = 0; i < 100; ++i) recording.add(i * 11'364us, from_hex(zcm1_input_report));
  return recording;
}

TEST(Recording, WhatIsWrittenReadsBackTheSame) {
  const auto written = captured();
  const auto read = parse_recording(to_text(written));
  ASSERT_EQ(read.error, "");
  EXPECT_EQ(to_text(read.recording), to_text(written));
  EXPECT_EQ(read.recording.features, written.features);
  EXPECT_EQ(read.recording.comments, written.comments);
  EXPECT_EQ(read.recording.uniq, written.uniq);
  ASSERT_EQ(read.recording.size(), written.size());
  EXPECT_EQ(read.recording[99].time, written[99].time);
}

TEST(Recording, CalibrationComesAlong) {
  const auto read = parse_recording(to_text(captured()));
  CalibrationAssembler assembler(3);
  for (const auto& block : read.recording.features_of(0x10)) EXPECT_TRUE(assembler.add(block));
  EXPECT_EQ(assembler.blob(), from_hex(zcm1_blobs[1].hex));
  EXPECT_EQ(read.recording.features_of(0x04).size(), 1U);
  EXPECT_TRUE(read.recording.features_of(0xF9).empty());
}

TEST(Recording, LinesForReportsAreHidRecordersOwn) {
  EXPECT_EQ(recording_line(1s + 2us, from_hex("01 ff 0A")), "E: 000001.000002 3 01 ff 0a\n");
  EXPECT_EQ(recording_line(86'400s, from_hex("00")), "E: 086400.000000 1 00\n");
}

TEST(Recording, TextThatWouldBreakALineIsMadeOneLine) {
  Recording recording;
  recording.name = "two\nlines";
  recording.comments = {"psmoved\r\nE: nonsense"};
  const auto read = parse_recording(to_text(recording));
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.recording.name, "two lines");
  EXPECT_EQ(read.recording.size(), 0U);
}

TEST(Recording, WindowsLineEndsAreFine) {
  const auto read = parse_recording("I: 5 054c 0c5e\r\nE: 000000.000000 2 01 02\r\n");
  EXPECT_EQ(read.error, "");
  EXPECT_EQ(read.recording.size(), 1U);
}

struct Refusal {
  const char* line;
  const char* because;
};
class RefusedLine : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedLine, IsNamedInOneSentence) {
  const std::string text =
      std::string("I: 5 054c 03d5\nE: 000005.000000 1 01\n") + GetParam().line + "\n# more\n";
  const auto read = parse_recording(text);
  EXPECT_THAT(read.error, StartsWith("line 3: "));
  EXPECT_THAT(read.error, HasSubstr(GetParam().because));
  EXPECT_EQ(read.error.find('\n'), std::string::npos);
  EXPECT_EQ(read.error.back(), '.');
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RefusedLine,
    testing::Values(Refusal{"hello", "not a line of a recording"},
                    Refusal{"X: 1", "not a line of a recording"},
                    Refusal{"I: 5 054c", "bus, vendor and product"},
                    Refusal{"I: 5 054c 103d5", "bus, vendor and product"},
                    Refusal{"I: 5 054c 03d5 1", "bus, vendor and product"},
                    Refusal{"D: 1", "second device"}, Refusal{"E: 6 1 01", "SECONDS.MICROSECONDS"},
                    Refusal{"E: 000006.0 1 01", "SECONDS.MICROSECONDS"},
                    Refusal{"E: -00006.000000 1 01", "SECONDS.MICROSECONDS"},
                    Refusal{"E: 99999999999999999999.000000 1 01", "SECONDS.MICROSECONDS"},
                    Refusal{"E: 000004.999999 1 01", "before the last one"},
                    Refusal{"E: 000006.000000 0", "from 1 to 4096"},
                    Refusal{"E: 000006.000000 5000 01", "from 1 to 4096"},
                    Refusal{"E: 000006.000000 2 01", "says 2 bytes and has 1"},
                    Refusal{"E: 000006.000000 1 01 02", "says 1 bytes and has 2"},
                    Refusal{"E: 000006.000000 1 g1", "two hexadecimal digits"},
                    Refusal{"E: 000006.000000 1 001", "two hexadecimal digits"},
                    Refusal{"E: 000006.000000 1 -1", "two hexadecimal digits"},
                    Refusal{"# psmoved feature 10 zz", "its id first"}));

TEST(Recording, FileWithoutIdsIsRefused) {
  EXPECT_THAT(parse_recording("").error, HasSubstr("no line I:"));
  EXPECT_THAT(parse_recording("E: 000000.000000 1 01\n").error, HasSubstr("no line I:"));
}

TEST(Recording, FileErrorsNameTheFile) {
  EXPECT_THAT(read_recording("/nowhere/at/all").error, StartsWith("/nowhere/at/all: cannot"));
  EXPECT_NE(read_recording("/").error, "");
  const std::string path = testing::TempDir() + "recording_test.reports";
  std::ofstream(path) << "I: 5 054c 03d5\nnonsense\n";
  EXPECT_THAT(read_recording(path).error, StartsWith(path + ": line 2: "));
  std::ofstream(path) << to_text(captured());
  EXPECT_EQ(read_recording(path).recording.size(), 100U);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace psmove::drivers
