# file: src/files/own.c
# fault: a folder is believed whoever owns it
# caught by: files_own a_name_that_another_user_*
s/S_ISDIR(info->st_mode) && info->st_uid == geteuid() &&/S_ISDIR(info->st_mode) \&\&/
