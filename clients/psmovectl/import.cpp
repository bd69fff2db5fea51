// psmovectl import [DIRECTORY...]: what psmoveapi knows of controllers, for those who come from it.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>
#include <system_error>

#include "api/wire/calibration_json.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/psmoveapi_files.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

namespace fs = std::filesystem;

/// More than any of its files has.
constexpr std::size_t largest_file = 4096;

/// Where psmoveapi keeps its files: the user's own first, as it does.
std::vector<std::string> usual_places() {
  std::vector<std::string> places;
  if (const char* home = std::getenv("HOME")) places.push_back(std::string(home) + "/.psmoveapi");
  places.emplace_back("/etc/psmoveapi");
  return places;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string content(largest_file, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(file.gcount()));
  return content;
}

class Importer {
 public:
  explicit Importer(Context& context) : context_(context) {}

  /// @return false where there is no such directory
  bool import(const std::string& directory) {
    std::error_code error;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(directory, error)) paths.push_back(entry);
    if (error) return false;
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths)
      if (const auto what = psmoveapi_file(path.filename().string())) import_file(path, *what);
    return true;
  }

  [[nodiscard]] int taken() const { return taken_; }
  [[nodiscard]] int refused() const { return refused_; }
  [[nodiscard]] const std::optional<Error>& stopped_by() const { return stopped_by_; }

 private:
  void import_file(const fs::path& path, const PsmoveapiFile& what) {
    if (stopped_by_) return;
    const auto outcome = what.kind == PsmoveapiFile::Kind::factory
                             ? import_factory(what.controller, content_of(path))
                             : import_magnetometer(what.controller, content_of(path));
    if (outcome) {
      ++taken_;
      say(path, *outcome);
    } else if (outcome.error().kind == ErrorKind::refused ||
               outcome.error().kind == ErrorKind::invalid_argument) {
      ++refused_;
      say(path, "not taken: " + outcome.error().message);
    } else {
      stopped_by_ = outcome.error();
    }
  }

  Answer<std::string> import_factory(const Address& address, const std::string& content) {
    const auto found = read_factory_file(content);
    if (!found) return found.error();
    const auto path = controller_path(to_string(address));
    // Known from here on, though it may never have been connected.
    auto known = context_.client().request("PUT", path, R"({"model":")" + found->model + "\"}");
    if (!known) return known;
    auto taken = change(address, R"({"factory_blob":")" + found->blob + "\"}");
    if (!taken) return taken;
    return "factory calibration of a " + found->model;
  }

  Answer<std::string> import_magnetometer(const Address& address, const std::string& content) {
    const auto fit = read_magnetometer_file(content);
    if (!fit) return fit.error();
    auto taken =
        change(address, R"({"magnetometer_fit":)" + wire::magnetometer_fit_body(*fit) + "}");
    if (!taken) return taken;
    return std::string("magnetometer fit");
  }

  Answer<std::string> change(const Address& address, const std::string& body) {
    return context_.client().request("PATCH", controller_path(to_string(address), "calibration"),
                                     body);
  }

  void say(const fs::path& path, const std::string& text) {
    if (context_.json) return;
    context_.out << printable(path.string(), context_.style) << ": "
                 << printable(text, context_.style) << '\n';
  }

  Context& context_;
  int taken_ = 0, refused_ = 0;
  std::optional<Error> stopped_by_;
};

ExitCode import(Context& context, const std::vector<std::string>& given) {
  Importer importer(context);
  const auto places = given.empty() ? usual_places() : given;
  std::string searched;
  for (const auto& place : places) {
    searched += (searched.empty() ? "" : " and ") + place;
    if (!importer.import(place) && !given.empty())
      return report(context, usage_error("there is no directory " + place + " to read"));
    if (importer.stopped_by()) return report(context, *importer.stopped_by());
  }
  if (context.json)
    print_json(context, R"({"taken":)" + std::to_string(importer.taken()) + R"(,"refused":)" +
                            std::to_string(importer.refused()) + "}");
  else if (importer.taken() + importer.refused() == 0)
    context.out << "psmoveapi has left no calibration in " << printable(searched, context.style)
                << '\n';
  return importer.refused() == 0 ? ExitCode::ok : ExitCode::refused;
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  Verb verb(app, "import", "Take over the calibrations that psmoveapi has stored",
            "Examples:\n  psmovectl import\n  psmovectl import /home/anna/.psmoveapi");
  auto directories = std::make_shared<std::vector<std::string>>();
  verb.words("DIRECTORY", *directories, 16, "~/.psmoveapi and /etc/psmoveapi by default");
  verb.action([&context, directories] { context.exit_code = import(context, *directories); });
}

}  // namespace psmove::client
