// Every word of the page, in English and Chinese.

const WORDS = {
  en: {
    other: "中文",
    skip: "Skip to the content",
    signIn: "Sign in",
    signOut: "Sign out",
    signInHint: "The token is in the file or Secret that the console was started with.",
    token: "Token",
    signInProxy: "The proxy in front of this page has not said who you are. Sign in there and load the page again.",
    wrongToken: "This is not the token.",
    cookieLost: "The token is right, but the browser did not keep the session. Open the page over HTTPS, or start the console with CONSOLE_INSECURE_COOKIE=true.",
    tooOften: "Too many attempts. Try again in {seconds} seconds.",
    unreachable: "The console does not answer. Trying again.",
    drop: "Drop photos here",
    dropHint: "or paste them, or choose them. Each comes back with every face boxed and labelled.",
    choose: "Choose photos",
    chooseFolder: "Choose a folder",
    limits: "JPEG, PNG, WebP, BMP and still GIF, up to {size} each",
    onTheirWay: "On their way",
    nothingYet: "Nothing is on its way. Photos that others upload to the bucket show here too.",
    summary: "{open} open, {stored} stored, {refused} refused",
    showAll: "Show all {count}",
    showFewer: "Show fewer",
    pipeline: "Pipeline, last hour",
    gallery: "Results",
    searchKey: "Name",
    searchFaces: "Faces",
    found: "{found} of {total}",
    counting: "{found} of {total}, faces of {uncounted} not counted yet",
    noResults: "No results",
    more: "Show more",
    close: "Close",
    anyFaces: "Any number",
    noFaces: "None",
    exactly: "{count}",
    orMore: "{count} or more",
    waiting: "waiting to be sent",
    uploading: "uploading, {percent} %",
    uploaded: "Uploaded",
    queued: "Queued",
    delivered: "Delivered",
    analysed: "Analysed",
    drawn: "Drawn",
    stored: "Stored",
    expected: "expected",
    attempt: "attempt {count}",
    refused: "Refused",
    open: "Open {name}",
    faces: "{count} faces",
    face: "1 face",
    took: "{faces} in {seconds} s",
    tooLarge: "larger than {size}",
    empty: "the file is empty",
    badType: "not a photo of a type that can be read",
    badName: "the name is too long or names nothing",
    uploadFailed: "not uploaded: {reason}",
    uploadRefused: "the bucket answered {status}: {reason}",
    uploadCut: "the bucket cannot be reached from this page",
    retry: "Try again",
    cors: "The browser cannot upload to the bucket. If it is running, it lacks this CORS rule: origin {origin}; methods GET, HEAD, POST; headers *.",
    ossDown: "The bucket does not answer: {reason}",
    mnsDown: "The queue does not answer: {reason}",
    sourceDown: "The source in the cluster cannot be read: {reason}",
    adapterDown: "Messages wait in the queue and nobody takes them. Is source-adapter running?",
    faceDown: "face-recognition has not answered since {since}. Look at its pods and their logs.",
    depth: "Queue",
    oldest: "Oldest message",
    adapters: "Adapters",
    rate: "Photos per minute",
    failures: "Refused",
    messages: "messages",
    seconds: "seconds",
    pods: "pods",
    perMinute: "in the last minute",
    lastHour: "in the last hour",
    noQueue: "no queue to look at",
    before: "Before",
    after: "After",
    slider: "Slide between before and after",
    facesFound: "Faces",
    noFaceFound: "No face was found.",
    facesNotKept: "{count} faces: too many to be listed here.",
    faceNumber: "Face {number}",
    female: "female",
    male: "male",
    age: "about {age}",
    sure: "{percent} %",
    way: "Its way",
    eventDocument: "Event",
    replyDocument: "Reply",
    notReceived: "The console has not received it.",
    downloadBefore: "Download before",
    downloadAfter: "Download after",
    copyLink: "Copy link",
    copied: "Link copied",
    notCopied: "The link is in the address bar",
    notThere: "The photo is no longer in the bucket.",
    notBack: "It has not come back yet.",
    whyRefused: "Why it was refused",
    adviceRefused: "It stays refused until it is uploaded again. Check the file, then drop it here once more.",
    adviceLater: "The source gave up after its last attempt. Once the reason is gone, upload the photo again.",
    failed: "This could not be loaded: {reason}",
  },
  zh: {
    other: "English",
    skip: "跳到内容",
    signIn: "登录",
    signOut: "退出",
    signInHint: "令牌在启动控制台时使用的文件或 Secret 中。",
    token: "令牌",
    signInProxy: "前面的代理没有告知您的身份。请在代理处登录后重新加载。",
    wrongToken: "令牌不正确。",
    cookieLost: "令牌正确，但浏览器没有保存会话。请通过 HTTPS 打开页面，或在启动控制台时设置 CONSOLE_INSECURE_COOKIE=true。",
    tooOften: "尝试次数过多，请在 {seconds} 秒后重试。",
    unreachable: "控制台没有响应，正在重试。",
    drop: "把照片拖到这里",
    dropHint: "也可以粘贴或选择。每张照片返回时，人脸都会被框出并标注。",
    choose: "选择照片",
    chooseFolder: "选择文件夹",
    limits: "JPEG、PNG、WebP、BMP 和静态 GIF，每张不超过 {size}",
    onTheirWay: "处理中",
    nothingYet: "目前没有照片在处理。其他人上传到存储空间的照片也会显示在这里。",
    summary: "进行中 {open}，已完成 {stored}，被拒绝 {refused}",
    showAll: "显示全部 {count} 张",
    showFewer: "收起",
    pipeline: "最近一小时",
    gallery: "结果",
    searchKey: "名称",
    searchFaces: "人脸数",
    found: "{found} / {total}",
    counting: "{found} / {total}，其中 {uncounted} 张尚未统计人脸",
    noResults: "没有结果",
    more: "显示更多",
    close: "关闭",
    anyFaces: "不限",
    noFaces: "无",
    exactly: "{count}",
    orMore: "{count} 及以上",
    waiting: "等待上传",
    uploading: "上传中 {percent}%",
    uploaded: "已上传",
    queued: "已排队",
    delivered: "已投递",
    analysed: "已分析",
    drawn: "已标注",
    stored: "已存储",
    expected: "等待中",
    attempt: "第 {count} 次尝试",
    refused: "被拒绝",
    open: "打开 {name}",
    faces: "{count} 张人脸",
    face: "1 张人脸",
    took: "{faces}，用时 {seconds} 秒",
    tooLarge: "大于 {size}",
    empty: "文件为空",
    badType: "不是可读取的照片类型",
    badName: "名称过长或为空",
    uploadFailed: "上传失败：{reason}",
    uploadRefused: "存储空间返回 {status}：{reason}",
    uploadCut: "本页面无法访问存储空间",
    retry: "重试",
    cors: "浏览器无法上传到存储空间。如果它正在运行，则缺少此跨域规则：来源 {origin}；方法 GET、HEAD、POST；请求头 *。",
    ossDown: "存储空间没有响应：{reason}",
    mnsDown: "队列没有响应：{reason}",
    sourceDown: "无法读取集群中的事件源：{reason}",
    adapterDown: "队列中有消息无人接收。source-adapter 是否在运行？",
    faceDown: "face-recognition 自 {since} 起没有应答。请查看它的 Pod 和日志。",
    depth: "队列",
    oldest: "最早的消息",
    adapters: "适配器",
    rate: "每分钟照片数",
    failures: "被拒绝",
    messages: "条消息",
    seconds: "秒",
    pods: "个 Pod",
    perMinute: "最近一分钟",
    lastHour: "最近一小时",
    noQueue: "没有可查看的队列",
    before: "处理前",
    after: "处理后",
    slider: "在处理前后之间滑动",
    facesFound: "人脸",
    noFaceFound: "没有找到人脸。",
    facesNotKept: "{count} 张人脸，数量过多，无法列出。",
    faceNumber: "人脸 {number}",
    female: "女",
    male: "男",
    age: "约 {age} 岁",
    sure: "{percent}%",
    way: "处理过程",
    eventDocument: "事件",
    replyDocument: "回复",
    notReceived: "控制台没有收到。",
    downloadBefore: "下载原图",
    downloadAfter: "下载结果",
    copyLink: "复制链接",
    copied: "链接已复制",
    notCopied: "链接在地址栏中",
    notThere: "照片已不在存储空间中。",
    notBack: "尚未返回。",
    whyRefused: "拒绝原因",
    adviceRefused: "除非重新上传，否则不再处理。请检查文件后再次拖到这里。",
    adviceLater: "事件源在最后一次尝试后放弃。原因排除后，请重新上传照片。",
    failed: "无法加载：{reason}",
  },
};

const KEPT = "console-language";

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // Storage may be switched off.
  }
}

let language = kept() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
if (!(language in WORDS)) language = "en";

export const say = (word, values = {}) =>
  WORDS[language][word].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));

export const locale = () => (language === "zh" ? "zh-CN" : "en");

// Fills in the words of everything that is there from the start.
export function translate() {
  document.documentElement.lang = locale();
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = say(element.dataset.word);
  }
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // Then it lasts as long as the page.
  }
  translate();
  document.dispatchEvent(new Event("language"));
}

export const number = (value) => value.toLocaleString(locale());

export function size(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  for (; bytes >= 1024 && unit < units.length - 1; unit += 1) bytes /= 1024;
  return `${Math.round(bytes * 10) / 10} ${units[unit]}`;
}

export const faces = (count) => (count === 1 ? say("face") : say("faces", { count: number(count) }));

// To the millisecond: some steps take no more than a few.
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };

export const time = (value) => new Date(value).toLocaleTimeString(locale(), TIME);

export const clock = (value) => new Date(value).toLocaleTimeString(locale(), { timeStyle: "medium" });
