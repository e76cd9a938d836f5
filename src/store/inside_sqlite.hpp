// store/inside_sqlite.hpp: no thread is inside SQLite while the process forks.
#pragma once

namespace tamis::store {

/// SQLite has mutexes and a record of file locks for the whole process: a child of a fork that came
/// in the middle of a call would find them held for ever. So a fork waits until no thread has one
/// of these, for a second at most, and a thread that wants one waits for the fork.
class InsideSqlite {
 public:
  InsideSqlite() noexcept;
  InsideSqlite(const InsideSqlite&) = delete;
  InsideSqlite& operator=(const InsideSqlite&) = delete;
  ~InsideSqlite();

 private:
  struct Gate& gate_;
};

/// Whether a fork waits: a call that can be made again is to end.
[[nodiscard]] bool fork_waits() noexcept;

/// Throws RetrievalError in a child whose parent waited in vain.
void require_sqlite_after_fork();

}  // namespace tamis::store
