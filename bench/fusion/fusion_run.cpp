// fusion-run: one recorded motion in, one orientation per sample out.

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>

#include "bench/fusion/trials.hpp"

namespace {

constexpr const char* usage =
    "usage: fusion-run IN.f32 OUT.csv [--6d] [--rate HZ]\n"
    "Reads rows of 14 or 17 little-endian float32 (gyro 3 rad/s, accel 3 "
    "m/s^2, mag 3 uT, reference 4,\n"
    "moving; host dt s, samples missing before, mag is new) and writes w,x,y,z "
    "of world_from_body, one\n"
    "line per row, each before it sees the next. --6d ignores the "
    "magnetometer. Without --rate, 14\n"
    "columns come at 2000/7 Hz and 17 at 175 Hz.\n";

struct Options {
  std::string in, out;
  bool six_d = false;
  double rate_hz = 0;
};

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--6d") {
      options.six_d = true;
    } else if (argument == "--rate" && i + 1 < count) {
      options.rate_hz = std::stod(arguments[++i]);
    } else if (options.in.empty()) {
      options.in = argument;
    } else if (options.out.empty()) {
      options.out = argument;
    } else {
      throw std::invalid_argument("too many arguments");
    }
  }
  if (options.out.empty()) throw std::invalid_argument("two files are needed");
  return options;
}

void run(const Options& options) {
  using namespace psmove;
  const int columns = bench::guess_columns(options.in);
  const double usual_rate = columns == 17 ? 175.0 : 2000.0 / 7;
  const auto trial =
      bench::load_trial(options.in, options.rate_hz > 0 ? options.rate_hz : usual_rate, columns);
  fusion::FilterParameters parameters;
  parameters.use_magnetometer = !options.six_d;
  const auto result = bench::run_filter(trial, parameters);

  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(options.out.c_str(), "w"),
                                                            &std::fclose);
  if (!out) throw std::runtime_error("cannot write " + options.out);
  for (const Quaternion& q : result.orientation)
    std::fprintf(out.get(), "%.9f,%.9f,%.9f,%.9f\n", q.w, q.x, q.y, q.z);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    run(parse(count, arguments));
    return 0;
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "fusion-run: %s\n%s", error.what(), usage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fusion-run: %s\n", error.what());
    return 1;
  }
}
