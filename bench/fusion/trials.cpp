#include "bench/fusion/trials.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace psmove::bench {
namespace {

constexpr int plain_columns = 14;
constexpr int ps_move_columns = 17;
// The number of bits leaves the sample a little short of the limit; anything
// this close clipped.
constexpr double clipping = 0.9995;
constexpr double ps_move_accel_range = 4.6 * standard_gravity;
constexpr double ps_move_gyro_range = 2000 * std::numbers::pi / 180;

std::vector<float> read_floats(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::vector<float> values(static_cast<std::size_t>(in.tellg()) / sizeof(float));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(values.size() * sizeof(float)));
  return values;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

template <class Unit>
Vec3<Unit> vector_at(const float* p) {
  return {p[0], p[1], p[2]};
}

void mark_saturation(ImuSample& sample) {
  const auto beyond = [](double a, double b, double c, double range) {
    return std::max({std::abs(a), std::abs(b), std::abs(c)}) >= clipping * range;
  };
  sample.accel_saturated =
      beyond(sample.accel.x, sample.accel.y, sample.accel.z, ps_move_accel_range);
  sample.gyro_saturated = beyond(sample.gyro.x, sample.gyro.y, sample.gyro.z, ps_move_gyro_range);
}

/// Rounds to a number format of `bits` whose full scale is `range`, and clips
/// there.
double quantized(double value, double range, int bits) {
  const double steps = std::ldexp(1.0, bits - 1);
  return std::clamp(std::round(value * steps / range), -steps, steps - 1) * range / steps;
}

template <class Unit>
Vec3<Unit> quantized(const Vec3<Unit>& v, double range, int bits) {
  return {quantized(v.x, range, bits), quantized(v.y, range, bits), quantized(v.z, range, bits)};
}

/// A trial's readings resampled to the PS Move's rate: means over each
/// interval, as its own low-pass filters would give.
class Resampler {
 public:
  explicit Resampler(const Trial& trial) : trial_(trial) {
    const std::size_t n = trial.samples.size();
    gyro_.resize(n + 1);
    accel_.resize(n + 1);
    for (std::size_t i = 0; i < n; ++i) {
      gyro_[i + 1] = gyro_[i] + trial.samples[i].gyro * (1 / trial.rate_hz);
      accel_[i + 1] = accel_[i] + trial.samples[i].accel * (1 / trial.rate_hz);
    }
  }
  [[nodiscard]] ImuSample at(double time, double interval) const {
    ImuSample s;
    s.gyro = (integral(gyro_, time) - integral(gyro_, time - interval)) * (1 / interval);
    s.accel = (integral(accel_, time) - integral(accel_, time - interval)) * (1 / interval);
    s.dt = std::chrono::duration<double>(interval);
    return s;
  }
  [[nodiscard]] Vec3<Microtesla> mag(double time) const {
    const auto [i, part] = position(time);
    return *trial_.samples[i].mag * (1 - part) + *trial_.samples[i + 1].mag * part;
  }
  [[nodiscard]] Quaternion reference(double time) const {
    const auto [i, part] = position(time);
    const Quaternion a = trial_.reference[i];
    Quaternion b = trial_.reference[i + 1];
    if (a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z < 0) b = {-b.w, -b.x, -b.y, -b.z};
    const auto mix = [part = part](double from, double to) { return from + part * (to - from); };
    const Quaternion q{mix(a.w, b.w), mix(a.x, b.x), mix(a.y, b.y), mix(a.z, b.z)};
    const double n = norm(q);
    return {q.w / n, q.x / n, q.y / n, q.z / n};  // NaN stays NaN
  }
  [[nodiscard]] bool moving(double time) const {
    const auto i = static_cast<std::size_t>(std::lround(time * trial_.rate_hz));
    return trial_.moving[std::min(i, trial_.moving.size() - 1)];
  }

 private:
  [[nodiscard]] std::pair<std::size_t, double> position(double time) const {
    const double index = std::max(0.0, time * trial_.rate_hz);
    const auto i = std::min(static_cast<std::size_t>(std::floor(index)), trial_.samples.size() - 2);
    return {i, index - static_cast<double>(i)};
  }
  /// The integral up to `time`; entry i of the table is at (i - 1) / rate.
  template <class Unit>
  [[nodiscard]] Vec3<Unit> integral(const std::vector<Vec3<Unit>>& table, double time) const {
    const double index = std::clamp(time * trial_.rate_hz + 1, 0.0, double(table.size() - 1));
    const auto i = std::min(static_cast<std::size_t>(index), table.size() - 2);
    return table[i] + (table[i + 1] - table[i]) * (index - static_cast<double>(i));
  }
  const Trial& trial_;
  std::vector<Vec3<RadiansPerSecond>> gyro_;
  std::vector<Vec3<MetersPerSecondSquared>> accel_;
};

struct ErrorAngles {
  double total, heading, inclination;  // rad; heading signed
};

ErrorAngles error_angles(const Quaternion& estimate, const Quaternion& reference) {
  const Quaternion e = normalized(estimate) * conjugate(reference);
  const double n = norm(reference);
  const auto arc_cosine = [](double x) { return std::acos(std::clamp(x, 0.0, 1.0)); };
  return {2 * arc_cosine(std::abs(e.w) / n), 2 * std::atan2(e.z, e.w),
          2 * arc_cosine(std::hypot(e.w, e.z) / n)};
}

double wrapped_pi(double radians) {
  return std::remainder(radians, 2 * std::numbers::pi);
}

class RootMeanSquare {
 public:
  void add(double x) {
    sum_ += x * x;
    ++count_;
  }
  [[nodiscard]] double degrees() const {
    return degrees_from_radians(std::sqrt(sum_ / static_cast<double>(count_)));
  }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

/// What this thread has used of the processor: other load does not count.
double thread_cpu_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double mean(const std::vector<double>& values, const std::vector<std::size_t>& rows) {
  double sum = 0;
  for (const auto i : rows) sum += values[i];
  return sum / static_cast<double>(rows.size());
}

}  // namespace

int guess_columns(const std::filesystem::path& file) {
  const auto values = read_floats(file);
  // The column "moving" holds 0 or 1 in every row, and nothing else does at
  // that stride.
  for (const int columns : {plain_columns, ps_move_columns}) {
    const auto stride = static_cast<std::size_t>(columns);
    if (values.empty() || values.size() % stride != 0) continue;
    bool fits = true;
    for (std::size_t i = 13; i < values.size(); i += stride)
      fits = fits && (values[i] == 0 || values[i] == 1);
    if (fits) return columns;
  }
  throw std::runtime_error(file.string() + " has neither 14 nor 17 columns");
}

Trial load_trial(const std::filesystem::path& file, double rate_hz, int columns) {
  Trial trial;
  trial.name = file.stem().string();
  trial.rate_hz = rate_hz;
  const auto values = read_floats(file);
  const auto stride = static_cast<std::size_t>(columns);
  for (std::size_t i = 0; i + stride <= values.size(); i += stride) {
    const float* row = values.data() + i;
    ImuSample sample;
    sample.gyro = vector_at<RadiansPerSecond>(row);
    sample.accel = vector_at<MetersPerSecondSquared>(row + 3);
    sample.mag = vector_at<Microtesla>(row + 6);
    sample.dt = std::chrono::duration<double>(1 / rate_hz);
    if (columns == ps_move_columns) {
      sample.missing_before = static_cast<int>(std::lround(row[15]));
      if (row[16] < 0.5F) sample.mag.reset();
      mark_saturation(sample);
    }
    trial.samples.push_back(sample);
    trial.reference.push_back({row[9], row[10], row[11], row[12]});
    trial.moving.push_back(row[13] > 0.5F);
  }
  return trial;
}

std::vector<Trial> load_trials(const std::filesystem::path& directory) {
  std::ifstream table(directory / "trials.csv");
  if (!table) throw std::runtime_error("no trials.csv in " + directory.string());
  std::string line;
  std::getline(table, line);
  const auto header = split(line, ',');
  std::vector<Trial> trials;
  while (std::getline(table, line)) {
    const auto fields = split(line, ',');
    std::map<std::string, std::string> row;
    for (std::size_t i = 0; i < std::min(header.size(), fields.size()); ++i)
      row[header[i]] = fields[i];
    const int columns = row["cols"].empty() ? plain_columns : std::stoi(row["cols"]);
    trials.push_back(
        load_trial(directory / (row["name"] + ".f32"), std::stod(row["fs_hz"]), columns));
    trials.back().groups = split(row["groups"], ' ');
  }
  return trials;
}

Trial as_ps_move(const Trial& trial) {
  constexpr double rate = 175;
  constexpr double lost = 0.015, lost_again = 0.2;
  constexpr double field_range = 270;
  Trial result;
  result.name = trial.name;
  result.groups = trial.groups;
  result.rate_hz = rate;
  std::seed_seq seed(trial.name.begin(), trial.name.end());
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform;
  const Resampler resampler(trial);
  const double length = static_cast<double>(trial.samples.size() - 1) / trial.rate_hz;
  const int reports = static_cast<int>(length * rate) / 2;
  int missing = 0;
  bool drop_next = false;
  for (int report = 0; report < reports; ++report) {
    const bool drop = report >= 5 && (drop_next || uniform(random) < lost);
    drop_next = drop && !drop_next && uniform(random) < lost_again;
    if (drop) {
      missing += 2;
      continue;
    }
    for (int half = 0; half < 2; ++half) {
      const double time = (2 * report + half + 1) / rate;
      ImuSample sample = resampler.at(time, 1 / rate);
      sample.gyro = quantized(sample.gyro, ps_move_gyro_range, 16);
      sample.accel = quantized(sample.accel, ps_move_accel_range, 16);
      mark_saturation(sample);
      if (half == 1) sample.mag = quantized(resampler.mag(time), field_range, 12);
      sample.missing_before = std::exchange(missing, 0);
      result.samples.push_back(sample);
      result.reference.push_back(resampler.reference(time));
      result.moving.push_back(resampler.moving(time));
    }
  }
  return result;
}

Trial cold_start(const Trial& trial, double seconds) {
  const auto first = std::find(trial.moving.begin(), trial.moving.end(), true);
  const auto skip = std::max<std::ptrdiff_t>(
      0, (first - trial.moving.begin()) - static_cast<std::ptrdiff_t>(seconds * trial.rate_hz));
  Trial result = trial;
  result.samples.erase(result.samples.begin(), result.samples.begin() + skip);
  result.reference.erase(result.reference.begin(), result.reference.begin() + skip);
  result.moving.erase(result.moving.begin(), result.moving.begin() + skip);
  return result;
}

Run run_filter(const Trial& trial, const fusion::FilterParameters& parameters, int repeats) {
  Run run;
  run.orientation.resize(trial.samples.size());
  for (int repeat = 0; repeat < repeats; ++repeat) {
    fusion::OrientationFilter filter(parameters);
    const double begin = thread_cpu_ns();
    for (std::size_t i = 0; i < trial.samples.size(); ++i) {
      filter.update(trial.samples[i]);
      run.orientation[i] = filter.world_from_body();
    }
    const double each = (thread_cpu_ns() - begin) / static_cast<double>(trial.samples.size());
    run.ns_per_sample = repeat == 0 ? each : std::min(run.ns_per_sample, each);
  }
  return run;
}

Score9D score_9d(const Trial& trial, const std::vector<Quaternion>& estimate) {
  RootMeanSquare total, heading, inclination;
  for (std::size_t i = 0; i < trial.reference.size(); ++i) {
    if (!trial.moving[i] || !std::isfinite(norm(trial.reference[i]))) continue;
    const ErrorAngles error = error_angles(estimate[i], trial.reference[i]);
    total.add(error.total);
    heading.add(wrapped_pi(error.heading));
    inclination.add(error.inclination);
  }
  return {total.degrees(), heading.degrees(), inclination.degrees()};
}

Score6D score_6d(const Trial& trial, const std::vector<Quaternion>& estimate) {
  const std::size_t n = trial.reference.size();
  const auto second = static_cast<std::size_t>(std::lround(trial.rate_hz));
  std::vector<double> heading(n, 0);
  std::vector<std::size_t> valid;
  RootMeanSquare inclination, drift;
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(norm(trial.reference[i]))) continue;
    const ErrorAngles error = error_angles(estimate[i], trial.reference[i]);
    heading[i] = error.heading;
    if (!valid.empty())
      heading[i] = heading[valid.back()] + wrapped_pi(error.heading - heading[valid.back()]);
    valid.push_back(i);
    if (trial.moving[i]) inclination.add(error.inclination);
  }
  std::size_t first = 0, last = n - 1;
  while (!trial.moving[first]) ++first;
  while (!trial.moving[last]) --last;
  std::vector<std::size_t> before, moving, end;
  for (const auto i : valid) {
    if (i < first) before.push_back(i);
    if (i <= last) moving.push_back(i);
    if (i <= last && i + second > last) end.push_back(i);
  }
  if (before.size() > second) before.erase(before.begin(), before.end() - std::ptrdiff_t(second));
  if (end.empty())
    end.assign(moving.end() - std::ptrdiff_t(std::min(second, moving.size())), moving.end());
  const double start = before.empty() ? heading[valid.front()] : mean(heading, before);
  for (const auto i : valid)
    if (trial.moving[i]) drift.add(heading[i] - start);
  double end_row = 0;
  for (const auto i : end) end_row += static_cast<double>(i);
  const double minutes =
      (end_row / static_cast<double>(end.size()) - static_cast<double>(first)) / trial.rate_hz / 60;
  return {inclination.degrees(), drift.degrees(),
          degrees_from_radians(std::abs(mean(heading, end) - start)) / minutes};
}

}  // namespace psmove::bench
