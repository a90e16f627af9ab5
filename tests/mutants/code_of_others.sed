# file: src/emu/device/loader.c
# fault: the device process loads files of another user
# caught by: device_files loads_no_code_of_another_user
s/file->st_uid == geteuid() || file->st_uid == 0/file->st_uid == geteuid() || file->st_uid != 1/
