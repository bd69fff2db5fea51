# For tests that install packages: given $packages, sets $daemon and $emulator, the newest .deb files in there, and
# $dependencies, what they depend on. That goes into the image, so that installing needs nothing from outside.
daemon=$(find "$packages" -maxdepth 1 -name 'psmoved_*.deb' 2>/dev/null | sort | tail -n 1)
emulator=$(find "$packages" -maxdepth 1 -name 'psmove-emulator_*.deb' 2>/dev/null | sort | tail -n 1)
if [ -z "$daemon" ] || [ -z "$emulator" ]; then
    echo "vm: $packages has no psmoved_*.deb and psmove-emulator_*.deb: ./dev package" >&2
    exit 1
fi
dependencies=$(for package in "$daemon" "$emulator"; do dpkg-deb -f "$package" Depends; done \
    | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g' | grep -v '^psmove' | sort -u)
