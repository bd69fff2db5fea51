// Entries for systemd's journal.
#include "daemon/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace psmove::daemon {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

TEST(Journal, AnEntryHasTheLineItsWordsAndItsFields) {
  EXPECT_THAT(
      journal_fields(6, "controller attached controller=00:06:f7:16:2a:3b name=\"left hand\""),
      ElementsAre("MESSAGE=controller attached controller=00:06:f7:16:2a:3b name=\"left hand\"",
                  "PRIORITY=6", "SYSLOG_IDENTIFIER=psmoved", "PSMOVED_EVENT=controller attached",
                  "PSMOVED_CONTROLLER=00:06:f7:16:2a:3b", "PSMOVED_NAME=left hand"));
}

TEST(Journal, NamesAreThoseThatTheJournalTakes) {
  const std::string long_key(60, 'k');
  const auto fields = journal_fields(3, "x " + long_key + "=1 event=2 _a=3");
  EXPECT_THAT(fields, Not(Contains(StartsWith("PSMOVED_KKK"))));
  EXPECT_THAT(fields, Contains("PSMOVED_EVENT=x")) << "a field of the line is not taken for it";
  EXPECT_THAT(fields, Not(Contains("PSMOVED_EVENT=2")));
  EXPECT_THAT(fields, Contains("PSMOVED__A=3"));
  EXPECT_THAT(journal_fields(6, ""), Not(Contains(StartsWith("PSMOVED_"))));
}

TEST(Journal, SaysWhereALineIsFromWhereThatIsKnown) {
  EXPECT_THAT(journal_fields(3, "x", {.file = "a.cpp", .function = "run", .line = 7}),
              ElementsAre("MESSAGE=x", "PRIORITY=3", "SYSLOG_IDENTIFIER=psmoved", "PSMOVED_EVENT=x",
                          "CODE_FILE=a.cpp", "CODE_LINE=7", "CODE_FUNC=run"));
}

}  // namespace
}  // namespace psmove::daemon
