// What a machine is told to do when it starts: the user data that cloud-init runs once, as root. Pure functions; the
// scripts themselves are src/ec2/machine/.
#pragma once

#include <string>

namespace hens::ec2 {

struct MachineConfig {
  std::string name, launch, region;
  std::string way = "login";  // login | job
  int shutdown_minutes = 60;
  std::string image;     // by digest; may be empty for a machine to log in to
  bool spot = false;     // EC2 may take the machine back: its notice is heeded
  std::string results;   // s3:// without a slash at its end; empty: nothing is uploaded
  std::string job_name;  // the job, where there is one to run at once
  std::string job_text;  // its YAML, unchanged
};

// The script. Throws Error{bad_input} where it is larger than the 16384 bytes that EC2 takes.
std::string render_user_data(const MachineConfig& config);

// `text` in single quotes, as a POSIX shell reads it back.
std::string shell_quoted(const std::string& text);

}  // namespace hens::ec2
