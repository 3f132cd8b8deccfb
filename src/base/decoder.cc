#include "base/decoder.h"

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <poll.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/stop.h"

namespace hens {
namespace {

constexpr rlim_t worker_memory = rlim_t{8} << 30;  // beyond what the program itself has mapped
constexpr double bytes_a_second = 10e6;            // of a slow disk or packing
constexpr int poll_milliseconds = 200;

// The keeper's socket; -1: there is none. Written once, before threads.
int& keeper_socket() {
  static int socket = -1;
  return socket;
}

// ---- messages: a short header with a descriptor beside it ----

struct Header {
  MakeDecodeSession make = nullptr;  // to the keeper: a worker's session; both processes are one program's image
  uint64_t facts_bytes = 0, data_bytes = 0, more_bytes = 0;
  double cpu_seconds = 0, wall_seconds = 0;
  uint64_t file_bytes = 0;
};

bool send_with_descriptor(int socket, const Header& header, int descriptor) {
  iovec part{const_cast<Header*>(&header), sizeof header};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  ssize_t sent;
  do sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == sizeof header;
}

// An empty descriptor: the other side is gone.
FileDescriptor receive_with_descriptor(int socket, Header& header) {
  iovec part{&header, sizeof header};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const cmsghdr* const rights = got == sizeof header ? CMSG_FIRSTHDR(&message) : nullptr;
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
  return FileDescriptor(descriptor);
}

bool write_all(int file, const void* from, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    const ssize_t n = ::write(file, static_cast<const char*>(from) + done, bytes - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

// Nobody can shrink it any more: a map of what its maker shrinks would end the program by SIGBUS.
bool seal(int memory) {
  return ::fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
}
bool is_sealed(int memory) { return (::fcntl(memory, F_GET_SEALS) & F_SEAL_SHRINK) != 0; }

bool send_message(int socket, const DecodeMessage& message, Header header) {
  const std::vector<uint8_t> facts = nlohmann::json::to_cbor(message.facts);
  header.facts_bytes = facts.size();
  header.data_bytes = message.data.size();
  header.more_bytes = message.more.size();
  const FileDescriptor memory(::memfd_create("hens_decoder", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  // The large parts first: a field begins at the map's begin, aligned.
  return memory && write_all(memory.get(), message.data.data(), message.data.size()) &&
         write_all(memory.get(), message.more.data(), message.more.size()) &&
         write_all(memory.get(), facts.data(), facts.size()) && seal(memory.get()) &&
         send_with_descriptor(socket, header, memory.get());
}

// A memory file of the other side, mapped.
class MappedMemory {
 public:
  MappedMemory(int file, size_t size) : size_(size) {
    void* const at = size == 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (at != MAP_FAILED) data_ = static_cast<const std::byte*>(at);
  }
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;
  ~MappedMemory() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }
  std::span<const std::byte> bytes() const { return {data_, data_ == nullptr ? 0 : size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_;
};

// False where the other side is gone, or does not send what it says.
bool receive_message(int socket, DecodeMessage& message, Header& header) {
  const FileDescriptor memory = receive_with_descriptor(socket, header);
  struct stat status{};
  if (!memory || ::fstat(memory.get(), &status) != 0 || !is_sealed(memory.get())) return false;
  const auto size = static_cast<uint64_t>(status.st_size);
  if (header.data_bytes > size || header.more_bytes > size - header.data_bytes ||
      header.facts_bytes != size - header.data_bytes - header.more_bytes) {
    return false;
  }
  const auto map = std::make_shared<MappedMemory>(memory.get(), size);
  const auto bytes = map->bytes();
  if (bytes.size() != size) return false;
  message.data = bytes.first(header.data_bytes);
  message.more = bytes.subspan(header.data_bytes, header.more_bytes);
  message.owner = map;
  const auto facts = bytes.last(header.facts_bytes);
  const auto* first = reinterpret_cast<const uint8_t*>(facts.data());
  message.facts = nlohmann::json::from_cbor(first, first + facts.size(), true, /*allow_exceptions=*/false);
  return message.facts.is_object();
}

// ---- worker ----

uint64_t mapped_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  file >> pages;
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

void limit(__rlimit_resource_t resource, rlim_t value) {
  rlimit limits{};
  if (::getrlimit(resource, &limits) != 0) return;
  limits.rlim_cur = limits.rlim_max == RLIM_INFINITY ? value : std::min(value, limits.rlim_max);
  ::setrlimit(resource, &limits);
}

// Ends this process when its time is up; 0 and 0: no more.
void set_timers(double cpu_seconds, double wall_seconds) {
  const auto timer = [](double seconds) {
    itimerval value{};
    value.it_value.tv_sec = static_cast<time_t>(std::ceil(seconds));
    return value;
  };
  const itimerval cpu = timer(cpu_seconds), wall = timer(wall_seconds);
  ::setitimer(ITIMER_PROF, &cpu, nullptr);   // SIGPROF
  ::setitimer(ITIMER_REAL, &wall, nullptr);  // SIGALRM; the default action of both is to end
}

DecodeMessage answer_of(DecodeSession& session, const DecodeMessage& request) {
  try {
    return session.answer(request);
  } catch (const Error& error) {
    return {{{"error", error.what()}, {"code", static_cast<int>(error.code())}}, {}, {}};
  } catch (const std::bad_alloc&) {
    return {{{"error", "it takes more memory than any such file does"}, {"code", 65}, {"unnamed", true}}, {}, {}};
  } catch (const std::exception& error) {
    return {{{"bug", error.what()}}, {}, {}};
  }
}

[[noreturn]] void work(int socket, MakeDecodeSession make) {
  limit(RLIMIT_CORE, 0);
  const uint64_t own_memory = mapped_bytes();
  const std::unique_ptr<DecodeSession> session = make();
  DecodeMessage request;
  uint64_t largest_file = 0;
  for (Header header; receive_message(socket, request, header);) {
    largest_file = std::max(largest_file, header.file_bytes);
    limit(RLIMIT_AS, own_memory + worker_memory + 2 * largest_file);
    set_timers(header.cpu_seconds, header.wall_seconds);
    DecodeMessage answer = answer_of(*session, request);
    set_timers(0, 0);
    if (!send_message(socket, answer, {})) break;
  }
  ::_exit(0);
}

// ---- keeper ----

// Ends with `parent`, however that ends.
void live_with(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
}

[[noreturn]] void keep(int socket) {
  ::prctl(PR_SET_NAME, "hens-decoders");
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  ::signal(SIGCHLD, SIG_IGN);  // workers are not waited for
  for (const int number : {SIGALRM, SIGPROF}) ::signal(number, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) ::dup2(nothing, fd);
  const pid_t self = ::getpid();
  while (true) {
    Header header;
    const FileDescriptor to_program = receive_with_descriptor(socket, header);
    if (!to_program) ::_exit(0);
    if (::fork() != 0) continue;  // where there are no more processes, the program sees its end of the socket closed
    live_with(self);
    ::close(socket);
    work(to_program.get(), header.make);
  }
}

}  // namespace

void start_decoders() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    fail(ExitCode::io, "a socket for decoding: {}", errno_text(errno));
  }
  const pid_t self = ::getpid(), child = ::fork();
  if (child < 0) fail(ExitCode::io, "a process for decoding: {}", errno_text(errno));
  if (child == 0) {
    live_with(self);
    ::close(ends[0]);
    keep(ends[1]);
  }
  ::close(ends[1]);
  keeper_socket() = ends[0];
}

struct Decoder::State {
  std::mutex mutex;
  MakeDecodeSession make;
  FileDescriptor socket;  // of the worker; made at the first request
  bool dead = false;
  std::unique_ptr<DecodeSession> session;  // where there is no keeper

  bool start_worker() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return false;
    socket = FileDescriptor(ends[0]);
    const FileDescriptor theirs(ends[1]);
    Header header;
    header.make = make;
    static std::mutex keeper;
    const std::lock_guard lock(keeper);
    return send_with_descriptor(keeper_socket(), header, theirs.get());
  }

  void wait_for_answer() const {
    pollfd ready{socket.get(), POLLIN, 0};
    while (::poll(&ready, 1, poll_milliseconds) <= 0) stop_if_requested();
  }
};

Decoder::Decoder(MakeDecodeSession make) : state_(std::make_unique<State>()) { state_->make = make; }
Decoder::~Decoder() = default;

DecodeMessage Decoder::call(const DecodeMessage& request, const std::string& what, const DecodeLimits& limits) {
  const std::lock_guard lock(state_->mutex);
  if (keeper_socket() < 0) {
    if (!state_->session) state_->session = state_->make();
    return state_->session->answer(request);
  }
  const double more = static_cast<double>(limits.file_bytes) / bytes_a_second;
  Header header;
  header.cpu_seconds = limits.cpu_seconds + more;
  header.wall_seconds = limits.wall_seconds + 2 * more;
  header.file_bytes = limits.file_bytes;
  DecodeMessage answer;
  const auto exchange = [&] {
    if (state_->dead || (!state_->socket && !state_->start_worker())) return false;
    if (!send_message(state_->socket.get(), request, header)) return false;
    state_->wait_for_answer();
    return receive_message(state_->socket.get(), answer, header);
  };
  if (!exchange()) {
    state_->dead = true;
    fail(ExitCode::bad_input,
         "{}: the process that decoded it ended without an answer: the bytes crash their library, or keep it busy for "
         "more "
         "than {:.0f} s; the file is damaged or hostile: fetch it again, or check it with the library's own tools",
         what, limits.cpu_seconds + more);
  }
  const nlohmann::json& facts = answer.facts;
  if (facts.contains("bug")) throw std::runtime_error(facts["bug"].get<std::string>());
  if (facts.contains("error")) {
    const std::string text = facts["error"].get<std::string>();
    throw Error(static_cast<ExitCode>(facts["code"].get<int>()), facts.contains("unnamed") ? what + ": " + text : text);
  }
  return answer;
}

}  // namespace hens
