// remote_benchmark.cpp: stages that call out, against a rude server on this machine: how late runs
// are, what is lost, what a call costs over plain libcurl.
//
//   remote_benchmark [RUNS]
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <dirent.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tamis/cascade/cascade.hpp>
#include <tamis/remote/hosted_rerank.hpp>
#include <tamis/remote/judge.hpp>

#include "remote/local_server.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr double kBudgetMs = 30;

struct Load {
  std::size_t candidates;
  std::size_t bytes;  ///< of each passage
};
constexpr Load kShort{10, 4};
constexpr Load kLong{300, 8000};

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string good_answer(const test::Asked& asked, std::size_t candidates) {
  if (asked.head.find("/chat/completions") != std::string::npos) {
    return R"({"choices":[{"message":{"content":"{\"reason\": \"x\", \"grade\": 2}"}}]})";
  }
  std::string body = "{\"results\":[";
  for (std::size_t i = 0; i < candidates; ++i) {
    body += fmt::format("{}{{\"index\":{},\"relevance_score\":{}}}", i > 0 ? "," : "", i,
                        0.1 * static_cast<double>(i));
  }
  return body + "]}";
}

test::Reply rude_reply(const test::Asked& question, std::size_t candidates) {
  // One sequence for all connections: a new one must not begin it again.
  static std::atomic<unsigned> asked{0};
  std::minstd_rand random(++asked);
  random.discard(3);
  const std::string good = good_answer(question, candidates);
  static const std::string values = [] {
    std::string text = "[0";
    while (text.size() < 1'000'000) text += ",[]";
    return text + "]";
  }();
  switch (random() % 16) {
    case 0:
      return {.status = 429, .body = "{}", .headers = "Retry-After: 1\r\n"};
    case 1:
      return {.status = 500, .body = "{}"};
    case 2:
      return {.body = good.substr(0, 40)};
    case 3:
      return {.body = good, .delay = 100ms};
    case 4:
      return {.body = good, .delay = 5ms};
    case 5:
      return {.hang_up = true};
    case 6:
      return {.body = good_answer(question, candidates - 1)};
    case 7:
      return {.body = R"({"results":[{"index":0,"relevance_score":NaN}]})"};
    case 8:  // more than is read
      return {.body = good + std::string(std::size_t{3} << 20U, ' ')};
    case 9:  // as much as is read
      return {.body = values};
    case 10:
      return {.delay = 1h};
    case 11:
      return {.body = good, .promised = 1'000'000};
    default:
      return {.body = good};
  }
}

std::vector<tamis::Candidate> candidates(const Load& load) {
  std::vector<tamis::Candidate> found;
  for (std::size_t i = 0; i < load.candidates; ++i) {
    found.push_back({.id = std::to_string(i), .text = std::string(load.bytes, 'x')});
  }
  return found;
}

tamis::AnyStage reranker_at(const std::string& url) {
  return tamis::stages::hosted_rerank("cohere", {.base_url = url, .api_key = "k", .backoff_ms = 1});
}

tamis::AnyStage judge_at(const std::string& url) {
  tamis::JudgeOptions options;
  options.base_url = url;
  options.model = "m";
  options.api_key = "k";
  options.backoff_ms = 1;
  return tamis::stages::judge(std::move(options));
}

tamis::Cascade cascade_of(tamis::AnyStage stage, const Load& load,
                          std::optional<double> budget_ms) {
  const std::size_t all = load.candidates;
  return tamis::Cascade(
      {{std::move(stage), {.keep = all, .limit = all, .breaker = 1'000'000, .breaker_ms = 0}}},
      {.budget_ms = budget_ms});
}

std::size_t open_files() {
  std::size_t count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

/// Resident now.
long memory_kib() {
  std::ifstream file("/proc/self/statm");
  long pages = 0;
  file >> pages >> pages;
  return pages * ::sysconf(_SC_PAGESIZE) / 1024;
}

/// A server in a process of its own, so that its threads and memory are not ours.
class Child {
 public:
  explicit Child(std::size_t candidates) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) serve(pipe[1], candidates);
    std::array<char, 64> url{};
    if (::read(pipe[0], url.data(), url.size() - 1) <= 0) std::abort();
    url_ = url.data();
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  [[noreturn]] static void serve(int out, std::size_t candidates) {
    if (::nice(15) == -1) std::abort();  // it stands for another machine
    const test::LocalServer server(
        [&](const test::Asked& asked) { return rude_reply(asked, candidates); },
        test::LocalServer::Keep::nothing);
    const std::string url = server.url();
    if (::write(out, url.data(), url.size()) < 0) std::abort();
    while (true) ::pause();
  }

  pid_t pid_ = 0;
  std::string url_;
};

void rude_runs(const char* name, tamis::AnyStage stage, const Load& load, std::size_t runs) {
  const tamis::Cascade cascade = cascade_of(std::move(stage), load, kBudgetMs);
  const auto all = candidates(load);
  std::vector<double> late;
  late.reserve(runs);
  std::size_t lost = 0;
  std::size_t files = 0;
  long memory = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    auto own = all;
    const auto start = Clock::now();
    const auto result = cascade.run("q", std::move(own));
    late.push_back(ms_since(start) - kBudgetMs);
    lost += load.candidates - result.hits.size() - result.trace.stages[0].dropped.size();
    if (i == runs / 10) {
      files = open_files();
      memory = memory_kib();
    }
  }
  std::sort(late.begin(), late.end());
  const auto at = [&](double share) {
    return late[static_cast<std::size_t>(share * static_cast<double>(runs - 1))];
  };
  fmt::print(
      "{}: {} runs, budget {} ms: over the deadline by (ms) median {:.2f}, p99 {:.2f}, p99.9 "
      "{:.2f}, "
      "worst {:.2f}\n",
      name, runs, kBudgetMs, at(0.5), at(0.99), at(0.999), late.back());
  fmt::print("candidates lost: {}; open files {} -> {}; memory {} -> {} KiB\n", lost, files,
             open_files(), memory, memory_kib());
}

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

double plain_ms(const std::string& url, const std::string& body) {
  static CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &ignore);
  const auto start = Clock::now();
  curl_easy_perform(easy);
  return ms_since(start);
}

void overhead() {
  const test::LocalServer server([](const test::Asked& asked) {
    return test::Reply{.body = good_answer(asked, kShort.candidates)};
  });
  const tamis::Cascade cascade = cascade_of(reranker_at(server.url()), kShort, std::nullopt);
  const auto all = candidates(kShort);
  std::vector<double> plain;
  std::vector<double> ours;
  for (int i = 0; i < 2000; ++i) {
    plain.push_back(plain_ms(server.url() + "/v2/rerank", "{}"));
    const auto start = Clock::now();
    (void)cascade.run("q", all);
    ours.push_back(ms_since(start));
  }
  const auto median = [](std::vector<double>& values) {
    std::nth_element(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
  };
  fmt::print("a call: {:.3f} ms by plain libcurl, {:.3f} ms through a cascade (medians of 2,000)\n",
             median(plain), median(ours));
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t runs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10'000;
  for (const Load& load : {kShort, kLong}) {
    const Child server(load.candidates);
    fmt::print("{} candidates of {} bytes\n", load.candidates, load.bytes);
    rude_runs("hosted_rerank", reranker_at(server.url()), load, runs);
    rude_runs("judge", judge_at(server.url()), load, runs);
  }
  overhead();
  return 0;
}
