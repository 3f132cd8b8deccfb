#!/bin/bash
# User data of hens-ec2, run once by cloud-init as root. The timer comes first: whatever fails below, this machine goes.
minutes=%MINUTES%
shutdown -P "+$minutes" 'hens-ec2: time is up'
root=${HENS_EC2_ROOT:-}
state=$root/var/lib/hens-ec2
tools=$root/opt/hens-ec2
mkdir -p "$state" "$tools" "$root/run/hens-ec2" "$root/etc/systemd/system"
echo $(($(date +%s) + minutes * 60)) >"$state/deadline"
: >"$root/run/hens-ec2/armed"
# In the last five minutes of a timer logind lets nobody in but root: neither `extend` nor whoever brings results.
sed -i 's/^account.*pam_nologin\.so/#&/' "$root/etc/pam.d/sshd"
# Upgrades in the background restart services and hold a shutdown up for half an hour.
systemctl mask --now apt-daily.timer apt-daily-upgrade.timer unattended-upgrades.service
%FILES%
chmod 755 "$tools/timer" "$tools/job"
systemctl daemon-reload
# At every boot the timer is armed anew for the same moment: logind forgets it when the machine reboots.
systemctl enable --now hens-ec2-arm.service hens-ec2-tick.timer
# A job goes on after a reboot, too: hens continues what is in its folder.
systemctl enable hens-ec2-job.service
if [ -e "$state/job.yaml" ]; then systemctl start --no-block hens-ec2-job.service; fi
: >"$state/ready"
