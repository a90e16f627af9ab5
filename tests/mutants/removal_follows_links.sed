# file: src/files/own.c
# fault: a removal follows a link that has taken a folder's place
# caught by: files_own a_folder_exchanged_*
s/depth > DEPTH_MOST ? -1 : openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW/depth > DEPTH_MOST ? -1 : openat(at, name, O_RDONLY | O_DIRECTORY/
