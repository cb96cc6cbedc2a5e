// What a page needs beside the theme: search without excerpts where pages come from a folder, which it cannot read.
"use strict";
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
