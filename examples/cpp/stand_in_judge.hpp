// stand_in_judge.hpp: stands in for a hosted language model: an OpenAI-compatible server with no
// model in it. Its grade is the share of the query's words that the passage has. It is here so that
// 050_textbook runs anywhere, and so that it can be as slow, busy or dead as a service may be.
#pragma once

#include <atomic>
#include <chrono>
#include <list>
#include <string>
#include <thread>

/// How it answers.
struct Manner {
  std::chrono::milliseconds delay{20};  ///< before each answer
  bool refuses = false;                 ///< 429: too many requests, come back in five seconds
  bool hangs_up = false;                ///< closes the connection without an answer
};

class StandInJudge {
 public:
  explicit StandInJudge(Manner manner);
  StandInJudge(const StandInJudge&) = delete;
  StandInJudge& operator=(const StandInJudge&) = delete;
  ~StandInJudge();

  [[nodiscard]] std::string base_url() const;

 private:
  void accept_all();
  void serve(int socket) const;
  [[nodiscard]] std::string reply(const std::string& body) const;

  Manner manner_;
  int port_ = 0;  // before the listener, which sets it
  int listener_;
  std::atomic<bool> stopping_{false};
  std::list<std::thread> threads_;
  std::thread accepting_;
};
